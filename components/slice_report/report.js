"use strict";

// Without this script the page says all it has to say; with it one can explore, sort and filter.
(() => {
  const data = JSON.parse(document.getElementById("page-data").textContent);
  const element = (id) => document.getElementById(id);
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const percent = (share) => `${(100 * share).toFixed(1)}%`;
  const shortNumber = (value) => String(Number(value.toPrecision(4)));

  function explore() {
    const section = element("explore");
    if (!section) return;
    const choice = element("explore-class");
    const step = element("explore-step");
    const threshold = element("explore-threshold");
    const prevalence = element("explore-prevalence");
    const slider = element("explore-prevalence-slider");
    const chosen = () => data.exploration[choice.selectedIndex];

    function setPrevalence(share) {
      const value = shortNumber(100 * share);
      prevalence.value = value;
      slider.value = value;
    }

    function showFrozen() {
      step.max = chosen().thresholds.length - 1;
      step.value = chosen().frozen;
      setPrevalence(chosen().prevalence);
      show();
    }

    // The value itself is not typed over while somebody types.
    function show(typed) {
      const explored = chosen();
      const index = Number(step.value);
      const value = explored.thresholds[index];
      const share = Number(prevalence.value) / 100;
      const texts = {
        class: explored.class,
        threshold: shortNumber(value),
        frozen: shortNumber(explored.thresholds[explored.frozen]),
        prevalence: `${shortNumber(100 * share)}%`,
      };
      if (typed !== threshold) threshold.value = texts.threshold;
      step.setAttribute("aria-valuetext", texts.threshold);
      const message = index === explored.frozen ? data.messages.frozen : data.messages.moved;
      element("explore-state").textContent = fill(message, texts);
      for (const heading of section.querySelectorAll("th[data-text]")) {
        heading.textContent = fill(heading.dataset.text, texts);
      }
      for (const row of section.querySelectorAll("tr[data-slice]")) {
        showRow(row, explored.rows.find((one) => one.slice === row.dataset.slice), index, share);
      }
    }

    function showRow(row, counts, index, share) {
      const cells = row.querySelectorAll("td[data-name]");
      row.classList.toggle("unexplored", !counts);
      if (!counts) return;
      const withheld = typeof counts.positives === "string" || typeof counts.negatives === "string" ||
        (counts.true_positives !== null && counts.true_positives[index] === null);
      const few = counts.true_positives === null;
      const reason = withheld ? data.messages.withheld : data.messages.too_few;
      const values = withheld || few ? {} : ratesAt(counts, index, share, tooFewPatients(counts));
      for (const cell of cells) {
        const text = values[cell.dataset.name];
        cell.classList.toggle("none", text === undefined);
        cell.textContent = text ?? (withheld || few ? reason : data.messages.undefined);
      }
    }

    // Of these the tables say, by patients, that they are too few at the frozen operating point.
    function tooFewPatients(counts) {
      return data.too_few[chosen().class]?.[counts.slice] ?? [];
    }

    function ratesAt(counts, index, share, tooFew) {
      const truePositives = counts.true_positives[index];
      const falsePositives = counts.false_positives[index];
      const falseNegatives = counts.positives - truePositives;
      const trueNegatives = counts.negatives - falsePositives;
      const sensitivity = truePositives / counts.positives;
      const specificity = trueNegatives / counts.negatives;
      const marked = share * sensitivity + (1 - share) * (1 - specificity);
      // A stricter threshold marks no more patients than the frozen one, a looser one leaves no more.
      const { frozen } = chosen();
      const fewMarked = truePositives + falsePositives < data.limits.positives ||
        (tooFew.includes("ppv") && index >= frozen);
      const fewUnmarked = falseNegatives + trueNegatives < data.limits.negatives ||
        (tooFew.includes("npv") && index <= frozen);
      const few = data.messages.too_few;
      return {
        true_positives: truePositives,
        false_positives: falsePositives,
        false_negatives: falseNegatives,
        true_negatives: trueNegatives,
        sensitivity: percent(sensitivity),
        specificity: percent(specificity),
        ppv: fewMarked ? few : percent((share * sensitivity) / marked),
        npv: fewUnmarked ? few : percent(((1 - share) * specificity) / (1 - marked)),
      };
    }

    function nearestStep() {
      const distances = chosen().thresholds.map((one) => Math.abs(one - Number(threshold.value)));
      step.value = distances.indexOf(Math.min(...distances));
      show(threshold);
    }

    choice.addEventListener("change", showFrozen);
    step.addEventListener("input", show);
    threshold.addEventListener("input", nearestStep);
    threshold.addEventListener("change", () => show());
    slider.addEventListener("input", () => {
      prevalence.value = slider.value;
      show();
    });
    prevalence.addEventListener("input", () => {
      if (!prevalence.validity.valid || prevalence.value === "") return;
      slider.value = prevalence.value;
      show();
    });
    element("explore-reset").addEventListener("click", showFrozen);
    showFrozen();
  }

  function sortTables() {
    for (const table of document.querySelectorAll("table.sortable")) {
      const headings = [...[...table.tHead.rows].at(-1).cells];
      headings.forEach((heading, column) => {
        if (!heading.textContent.trim()) return;
        const button = document.createElement("button");
        button.type = "button";
        button.append(...heading.childNodes);
        button.title = fill(data.messages.sort, { column: button.textContent.trim() });
        heading.append(button);
        button.addEventListener("click", () => {
          const descending = heading.getAttribute("aria-sort") === "ascending";
          for (const other of headings) other.removeAttribute("aria-sort");
          heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
          sort(table, column, descending ? -1 : 1);
        });
      });
    }
  }

  // A group of rows under one site moves together, by its first row; rows of all cases stay.
  function sort(table, column, direction) {
    const groups = [...table.tBodies];
    const items = groups.length > 1 ? groups : [...groups[0].rows];
    const firstRow = (item) => (item.rows ? item.rows[0] : item);
    const key = (item) => sortKey(firstRow(item).cells[column]);
    const moved = items.filter((item) => !firstRow(item).classList.contains("all"));
    const sorted = [...moved].sort((a, b) => direction * compare(key(a), key(b), direction));
    const places = items.map((item) => (moved.includes(item) ? sorted.shift() : item));
    items[0].parentNode.append(...places);
  }

  // A site may be called "12 de Octubre"; that is no number.
  function sortKey(cell) {
    const text = (cell?.firstChild?.textContent ?? "").trim();
    const number = parseFloat(text.replaceAll(",", "").replace("\u2212", "-"));
    return cell?.tagName === "TH" || Number.isNaN(number) ? { text } : { number };
  }

  // Cells without a number come last in either direction.
  function compare(a, b, direction) {
    if (a.number !== undefined && b.number !== undefined) return a.number - b.number;
    if (a.number !== undefined) return -direction;
    if (b.number !== undefined) return direction;
    return a.text.localeCompare(b.text);
  }

  function filterRows() {
    const choices = [element("filter-site"), element("filter-class")];
    const state = element("filter-state");
    const reset = element("filter-reset");
    const explored = element("explore-class");
    if (!reset) return;

    function apply() {
      for (const item of document.querySelectorAll("[data-site], [data-class]")) {
        const hides = (choice) => {
          const own = item.dataset[choice.dataset.filters];
          return choice.value !== "" && own !== undefined && own !== choice.value;
        };
        item.classList.toggle("filtered", choices.some(hides));
      }
      const names = choices.filter((choice) => choice.value).map((choice) => choice.value);
      reset.hidden = names.length === 0;
      state.textContent = names.length ? fill(data.messages.filtered, { names: names.join(", ") }) : "";
    }

    function exploreChosenClass() {
      const name = element("filter-class").value;
      if (!explored || ![...explored.options].some((option) => option.value === name)) return;
      explored.value = name;
      explored.dispatchEvent(new Event("change"));
    }

    for (const choice of choices) choice.addEventListener("change", apply);
    element("filter-class").addEventListener("change", exploreChosenClass);
    reset.addEventListener("click", () => {
      for (const choice of choices) choice.value = "";
      apply();
      choices[0].focus();
    });
  }

  for (const part of document.querySelectorAll(".interactive")) part.hidden = false;
  explore();
  sortTables();
  filterRows();
})();
