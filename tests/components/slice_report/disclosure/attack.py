"""An attacker of reports: what do all published numbers together leave open of a withheld count?

It reads `report.json` alone and knows how the tables hang together; nothing of how they were
protected.
"""

import functools
from collections import defaultdict

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import lil_matrix

HALF_DIGIT = 0.0005
"""Of a rate with three decimals."""
ANSWERS = (
    ("sensitivity", "true_positives", ("true_positives", "false_negatives")),
    ("specificity", "true_negatives", ("false_positives", "true_negatives")),
    ("ppv", "true_positives", ("true_positives", "false_positives")),
    ("npv", "true_negatives", ("false_negatives", "true_negatives")),
)


class Attack:
    """Counts as unknowns, between which everything published is an equation or an inequality."""

    def __init__(self, report):
        self.names = []
        self.bounds = []
        self.small = []
        self._places = {}
        self._equal = []
        self._at_most = []
        self._read_slices(report)
        self._read_data(report)
        self._read_changes(report)

    def count(self, name, published):
        """Names a count, with what is published of it: a number, `<10`, or nothing."""
        if name in self._places:
            return name
        self._places[name] = len(self.names)
        self.names.append(name)
        if isinstance(published, str) and published.startswith("<"):
            self.bounds.append((1, int(published[1:]) - 1))
            self.small.append(name)
        elif isinstance(published, int):
            self.bounds.append((published, published))
        else:
            self.bounds.append((0, None))
        return name

    def sums_to(self, total, parts):
        self._equal.append({total: -1.0, **dict.fromkeys(parts, 1.0)})

    def rate_is(self, share, part, wholes):
        """`part` is `share` of the sum of `wholes`, to three decimals."""
        for end, sign in ((share + HALF_DIGIT, 1.0), (share - HALF_DIGIT, -1.0)):
            row = defaultdict(float, {part: sign})
            for whole in wholes:
                row[whole] -= sign * end
            self._at_most.append((row, 1e-9))

    def range_of(self, name):
        """Returns the least and the greatest whole number that the count can be."""
        place = self._places[name]
        if place not in self._free:
            return self.bounds[place]
        wanted = np.zeros(len(self._free))
        wanted[self._free.index(place)] = 1.0
        ends = []
        for sign in (1.0, -1.0):
            found = linprog(sign * wanted, **self._system, method="highs")
            assert found.status in (0, 3), (name, found.message)
            ends.append(np.inf if found.status == 3 else sign * found.fun)
        return int(np.ceil(ends[0] - 1e-6)), ends[1] if np.isinf(ends[1]) else int(ends[1] + 1e-6)

    @functools.cached_property
    def _free(self):
        return [place for place, (low, high) in enumerate(self.bounds) if low != high]

    @functools.cached_property
    def _system(self):
        """What is left to find out, once the numbers that are published are put in."""
        equal, sums = self._without_known([(terms, 0.0) for terms in self._equal])
        at_most, limits = self._without_known(self._at_most)
        return {
            "A_eq": equal,
            "b_eq": sums,
            "A_ub": at_most,
            "b_ub": limits,
            "bounds": [self.bounds[place] for place in self._free],
        }

    def _without_known(self, rows):
        matrix = lil_matrix((len(rows), len(self.names)))
        for row, (terms, _) in enumerate(rows):
            for name, factor in terms.items():
                matrix[row, self._places[name]] += factor
        matrix = matrix.tocsr()
        known = np.array([low if low == high else 0 for low, high in self.bounds], float)
        rest = np.array([limit for _, limit in rows]) - matrix @ known
        matrix = matrix[:, self._free]
        kept = np.flatnonzero(np.diff(matrix.indptr))
        return matrix[kept], rest[kept]

    def _read_slices(self, report):
        for entry in report["slices"]:
            where = entry["name"]
            cases = self.count((where, "cases"), entry["cases"])
            for role, model in entry["models"].items():
                for name, values in model["classes"].items():
                    self._read_class(where, name, role, values)
                if report["task"] == "multi_class":
                    self._read_matrix(where, role, model, report["classes"])
            if report["task"] == "multi_class" and entry["models"]:
                self.sums_to(cases, [(where, name, "positives") for name in report["classes"]])
        for total, parts in slices_that_add_up(report):
            for kind in sorted({name[1:] for name in self.names if name[0] == total}):
                if all((part, *kind) in self._places for part in parts):
                    self.sums_to((total, *kind), [(part, *kind) for part in parts])

    def _read_class(self, where, name, role, values):
        sides = [
            self.count((where, name, side), values[side]) for side in ("positives", "negatives")
        ]
        self.sums_to((where, "cases"), sides)
        for side, kind in zip(sides, ("positive_patients", "negative_patients"), strict=True):
            patients = self.count((where, name, kind), values[kind])
            self._at_most.append(({patients: 1.0, side: -1.0}, 0.0))
        cell = {
            field: self.count((where, name, role, field), published)
            for field, published in values["counts"].items()
        }
        self.sums_to(sides[0], [cell["true_positives"], cell["false_negatives"]])
        self.sums_to(sides[1], [cell["false_positives"], cell["true_negatives"]])
        if values["prevalence"] is not None:
            self.rate_is(values["prevalence"], sides[0], sides)
        for rate, part, whole in ANSWERS:
            if values[rate]["status"] == "estimated":
                self.rate_is(values[rate]["value"], cell[part], [cell[field] for field in whole])

    def _read_matrix(self, where, role, model, classes):
        rows = model["confusion"] or [[None] * len(classes)] * len(classes)
        right = []
        for name, row in zip(classes, rows, strict=True):
            cells = [
                self.count((where, name, role, f"named {other}"), published)
                for other, published in zip(classes, row, strict=True)
            ]
            self.sums_to((where, name, "positives"), cells)
            right.append((where, name, role, f"named {name}"))
        all_right = self.count((where, role, "right"), None)
        self.sums_to(all_right, right)
        accuracy = model["metrics"]["accuracy"]
        if accuracy["status"] == "estimated":
            self.rate_is(accuracy["value"], all_right, [(where, "cases")])
        balanced = model["metrics"]["balanced_accuracy"]
        sizes = [self.bounds[self._places[where, name, "positives"]] for name in classes]
        if balanced["status"] == "estimated" and all(low == high for low, high in sizes):
            # The report says so: a mean is over the classes with 10 cases or more.
            averaged = [pair for pair in zip(right, sizes, strict=True) if pair[1][0] >= 10]
            shares = {one: 1 / size[0] for one, size in averaged}
            for sign in (1.0, -1.0):
                limit = len(shares) * (sign * balanced["value"] + HALF_DIGIT)
                self._at_most.append(({one: sign * by for one, by in shares.items()}, limit))

    def _read_data(self, report):
        flow = report["data_flow"]
        for step in ("received", "kept"):
            for what in ("cases", "images", "patients"):
                self.count((step, what), flow[step][what])
        self.count(("lost", "cases"), flow["lost_cases"])
        self.count(("lost", "patients"), flow["lost_patients"])
        self.count(("lost", "images"), flow["quarantined_images"])
        for what in ("cases", "images", "patients"):
            self.sums_to(("received", what), [("kept", what), ("lost", what)])
        of_split, at_site = defaultdict(list), defaultdict(list)
        for split in flow["splits"]:
            for what in ("cases", "images", "labelled_cases", "several_image_cases", "patients"):
                of_split[what].append(self.count(("split", split["split"], what), split[what]))
        in_split = defaultdict(list)
        for row in report["population"]:
            site = row["site"]
            for what in ("cases", "images", "labelled_cases", "several_image_cases", "patients"):
                at_site[what].append(self.count(("at", site, what), row[what]))
            for what in ("cases", "patients"):
                parts = [
                    self.count(("at", site, split, what), counts[what])
                    for split, counts in row["splits"].items()
                ]
                self.sums_to(("at", site, what), parts)
                for split, part in zip(row["splits"], parts, strict=True):
                    in_split[split, what].append(part)
            self._read_left_out(row)
        for (split, what), parts in in_split.items():
            self.sums_to(("split", split, what), parts)
        for what in of_split:
            total = self.count(("kept", what), None)
            self.sums_to(total, of_split[what])
            self.sums_to(total, at_site[what])
        sites = [row["site"] for row in report["population"]]
        self.sums_to(("lost", "images"), [("left out", site) for site in sites])
        self._read_by_site(flow["by_site"] or ())
        self._read_characteristics(report)

    def _read_by_site(self, rows):
        """What is kept and evaluated at a site stands in other tables, too."""
        for row in rows:
            for what in ("cases", "images", "patients"):
                received, lost, kept = (
                    self.count((step, row["site"], what), row[step][what])
                    for step in ("received", "left_out", "kept")
                )
                self.sums_to(received, [lost, kept])
                self.sums_to(("at", row["site"], what), [kept])
            self.sums_to(("left out", row["site"]), [("left_out", row["site"], "images")])
        for what in ("cases", "images", "patients"):
            if rows:
                sites = [("left_out", row["site"], what) for row in rows]
                self.sums_to(("lost", what), sites)

    def _read_left_out(self, row):
        parts = [
            self.count(("left out", row["site"], reason), images)
            for reason, images in row["quarantined"].items()
        ]
        self.sums_to(self.count(("left out", row["site"]), row["quarantined_images"]), parts)

    def _read_characteristics(self, report):
        columns = defaultdict(list)
        for row in report["characteristics"]:
            site = row["site"]
            evaluated = [
                ("at", site, split, "cases")
                for split in ("test", "shifted")
                if ("at", site, split, "cases") in self._places
            ]
            self.sums_to((f"site {site}", "cases"), evaluated)
            for feature, found in row["features"].items():
                parts = [
                    self.count(("value", site, feature, value), count)
                    for value, count in [*found["counts"].items(), ("", found["unknown"])]
                ]
                self.sums_to((f"site {site}", "cases"), parts)
                for part in parts:
                    columns[part[2:]].append(part)
        for (feature, value), parts in columns.items():
            if (f"{feature} {value}", "cases") in self._places:
                self.sums_to((f"{feature} {value}", "cases"), parts)

    def _read_changes(self, report):
        if report["champion"] is None:
            return
        sides = {"net_found": ("newly_found", "newly_missed", "positives")}
        sides["net_cleared"] = ("newly_cleared", "newly_false_alarm", "negatives")
        for row in report["champion"]["reclassified"]:
            for net, (gained, lost, whole) in sides.items():
                key = (row["slice"], row["class"])
                more, less = (
                    self.count((*key, row["criterion"], name), row[name]) for name in (gained, lost)
                )
                if row[net]["status"] == "estimated":
                    for sign in (1.0, -1.0):
                        factor = -sign * row[net]["value"] - HALF_DIGIT
                        terms = {more: sign, less: -sign, (*key, whole): factor}
                        self._at_most.append((terms, 1e-9))
        for row in report["champion"]["renamed"]:
            for name, part in (("newly_right", "newly_found"), ("newly_wrong", "newly_missed")):
                total = self.count((row["slice"], name), row[name])
                classes = [
                    (row["slice"], one, "predicted_class", part) for one in report["classes"]
                ]
                self.sums_to(total, classes)
        for total, parts in slices_that_add_up(report):
            kinds = {name[1:] for name in self.names if name[0] == total and "newly" in name[-1]}
            for kind in sorted(kinds):
                if all((part, *kind) in self._places for part in parts):
                    self.sums_to((total, *kind), [(part, *kind) for part in parts])


def slices_that_add_up(report):
    """Yields a slice and others that are its parts: all values of one further feature."""
    entries = {frozenset(e["features"].items()): e for e in report["slices"]}
    for features, entry in entries.items():
        parts = defaultdict(list)
        for other, part in entries.items():
            if features < other and len(other) == len(features) + 1:
                [(feature, _)] = other - features
                parts[feature].append(part["name"])
        yield from ((entry["name"], names) for names in parts.values())
    for name, held_out in (("in distribution", False), ("held-out sites", True)):
        sites = [
            e["name"] for e in report["slices"] if e["kind"] == "site" and e["held_out"] == held_out
        ]
        yield name, sites
