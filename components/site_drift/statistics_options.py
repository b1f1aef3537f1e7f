"""What TFDV computes of the cases: the statistics of each split, as a whole and by site."""

import tensorflow_data_validation as tfdv
from tfx_bsl.public.proto import slicing_spec_pb2

from schemas import case_features


def statistics_options() -> tfdv.StatsOptions:
    """Returns the options of StatisticsGen; they survive its serialisation as JSON.

    Of the two ways in which TFDV counts values, only the one by sketches leaves out features that
    the schema calls not categorical: the pseudonyms of cases and patients.
    """
    by_site = slicing_spec_pb2.SlicingSpec(feature_keys=[case_features.SITE])
    return tfdv.StatsOptions(
        slicing_config=slicing_spec_pb2.SlicingConfig(slicing_specs=[by_site]),
        use_sketch_based_topk_uniques=True,
    )
