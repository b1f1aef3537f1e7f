"""A Beam worker that imports this runs TensorFlow on one thread; `worker_threads.py` says where.

TensorFlow reads both variables when it starts, and Beam imports a plugin before anything else.
"""

import os

for _variable in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ.setdefault(_variable, "1")
