"""Peer: tf.data over a TFRecord file, by one thread. Arguments: FILE records|columns.

Of several ways to run through the records these were the fastest: batches, so that Python is entered once for many records, counted within the graph.
"""
import os
import sys

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')

from serve import need, serve, timed

file, what = sys.argv[1:3]
tf, = need('tensorflow')
tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)
options = tf.data.Options()
options.threading.private_threadpool_size = 1
options.threading.max_intra_op_parallelism = 1
options.autotune.enabled = False
FEATURES = {'id': tf.io.FixedLenFeature([], tf.int64), 'text': tf.io.FixedLenFeature([], tf.string)}
BATCH = 1024


@tf.function
def count():
    # A buffer of 1 MiB is ours, and faster than the 256 KiB that TensorFlow takes by itself.
    data = tf.data.TFRecordDataset(file, buffer_size=1 << 20).batch(BATCH)
    if what == 'columns':
        data = data.map(lambda records: tf.io.parse_example(records, FEATURES)['id'], num_parallel_calls=None)
    return data.with_options(options).reduce(tf.constant(0, tf.int64), lambda n, rows: n + tf.size(rows, tf.int64))


def run():
    seconds, records = timed(lambda: int(count()))
    return dict(seconds=seconds, records=records, records_per_second=records / seconds)


serve(run)
