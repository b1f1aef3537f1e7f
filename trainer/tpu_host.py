"""One host of a TPU slice: `python -m trainer.tpu_host`.

A TPU on several machines is driven by one process, which reaches each of them through a server of
TensorFlow's. The training itself runs elsewhere, with `TPU_NAME` naming the servers:
`grpc://host-0:8470,grpc://host-1:8470`.
"""

import logging
import signal
import sys

import tensorflow as tf

logger = logging.getLogger("micle.tpu_host")

PORT = 8470
"""Where `TPUClusterResolver` looks unless it is told otherwise."""


def serve(port: int = PORT) -> tf.distribute.Server:
    """Starts the server; the process that drives the slice tells it of the other hosts."""
    cluster = tf.train.ClusterSpec({"tpu_worker": [f"localhost:{port}"]})
    return tf.distribute.Server(cluster, job_name="tpu_worker", task_index=0, protocol="grpc")


def main() -> None:
    """Serves until SIGTERM or Ctrl-C; the port may be given as the one argument."""
    logging.basicConfig(level=logging.INFO)
    # Asked for before the server's threads start, so that they leave the signals to this one.
    stops = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)
    # Kept until the end: a server that nobody holds is stopped.
    server = serve(int(sys.argv[1]) if len(sys.argv) > 1 else PORT)
    logger.info("serving at %s", server.target)
    received = signal.sigwait(stops)
    # A server cannot be stopped in order; the process goes at once.
    raise SystemExit(128 + received)


if __name__ == "__main__":
    main()
