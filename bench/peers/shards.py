"""Peers: copies of tar shards. Arguments: copy|safe-copy|webdataset|tensorflow FOLDER OUTPUT.

copy: the bytes as they are, and a CRC-32 of each file, both in native code, which is as little as one can do.
safe-copy: the same with the SHA-256 of each file, which a manifest needs; it waits for the disk, and the file appears under its name when it is whole.
webdataset: the package's reader and its TarWriter. tensorflow: the same reader, and records written as img2dataset's TFRecordSampleWriter does.
"""
import hashlib
import os
import sys
import zlib

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')

from serve import need, serve, timed

engine, folder, output = sys.argv[1:4]
BLOCK = 1 << 20
files = sorted(os.listdir(folder))
size = sum(os.path.getsize(f'{folder}/{name}') for name in files)


def copy(name):
    crc = 0
    buffer = bytearray(BLOCK)
    view = memoryview(buffer)
    with open(f'{folder}/{name}', 'rb', buffering=0) as source, open(f'{output}/{name}', 'wb', buffering=0) as target:
        while n := source.readinto(buffer):
            crc = zlib.crc32(view[:n], crc)
            target.write(view[:n])
    return None


def safe_copy(name):
    crc = 0
    digest = hashlib.sha256()
    buffer = bytearray(BLOCK)
    view = memoryview(buffer)
    part = f'{output}/.{name}'
    with open(f'{folder}/{name}', 'rb', buffering=0) as source, open(part, 'wb', buffering=0) as target:
        while n := source.readinto(buffer):
            crc = zlib.crc32(view[:n], crc)
            digest.update(view[:n])
            target.write(view[:n])
        os.fsync(target.fileno())
    os.rename(part, f'{output}/{name}')
    return None


if engine == 'copy':
    write = copy
elif engine == 'safe-copy':
    write = safe_copy
else:
    wds, = need('webdataset')
    samples = lambda name: wds.WebDataset(f'{folder}/{name}', shardshuffle=False, empty_check=False)

    def write_tar(name):
        rows = 0
        with wds.TarWriter(f'{output}/{name}') as target:
            for sample in samples(name):
                target.write(sample)
                rows += 1
        return rows

    write = write_tar
    if engine == 'tensorflow':
        tf, = need('tensorflow')
        feature = lambda value: tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))

        def write_records(name):
            rows = 0
            with tf.io.TFRecordWriter(f'{output}/{name}.tfrecord') as target:
                for sample in samples(name):
                    row = {key: feature(sample[key]) for key in ('jpg', 'txt', 'json')}
                    row['key'] = feature(sample['__key__'].encode())
                    target.write(tf.train.Example(features=tf.train.Features(feature=row)).SerializeToString())
                    rows += 1
            return rows

        write = write_records


def run():
    seconds, rows = timed(lambda: [write(name) for name in files])
    return dict(seconds=seconds, **({} if None in rows else {'rows': sum(rows)}), MB_per_second=size / seconds / 1e6)


serve(run)
