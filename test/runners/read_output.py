"""Opens an output of m4-balance with programs that nobody here wrote, and prints what each of them read as JSON.

    python read_output.py READER DIRECTORY [SPLIT]
"""
import hashlib
import importlib.util
import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"


def digest(data):
    return hashlib.sha256(bytes(data)).hexdigest()


def tfds_rows(directory, split):
    """As big_vision's `from_data_dir` opens it: the builder of a directory, images left encoded, ids added; and every image decoded."""
    import tensorflow as tf
    import tensorflow_datasets as tfds

    builder = tfds.builder_from_directory(directory)
    # One shard after the other, so that their order is seen.
    read = tfds.ReadConfig(
        skip_prefetch=True, try_autocache=False, add_tfds_id=True, interleave_cycle_length=1)
    encoded = builder.as_dataset(
        split=split, read_config=read, decoders={"image": tfds.decode.SkipDecoding()})
    rows = []
    for row in encoded.as_numpy_iterator():
        # What big_vision's pp string does: decode, resize(224), value_range(-1, 1).
        image = tf.io.decode_image(row["image"], channels=3, expand_animations=False)
        image = tf.cast(tf.image.resize(image, (224, 224)), tf.float32) / 255 * 2 - 1
        assert image.shape == (224, 224, 3) and float(tf.reduce_max(tf.abs(image))) <= 1.001
        rows.append({
            "id": row["id"].decode(),
            "text": row["text"].decode(),
            "image": digest(row["image"]),
            "weight": float(row["weight"]),
            "s_female": int(row["s_female"]),
            "labels": [label.decode() for label in row["labels"]],
            "tfds_id": row["tfds_id"].decode(),
        })
    hosts = [builder.info.splits[part].num_examples for part in tfds.even_splits(split, 4)]
    decoded = sum(1 for _ in builder.as_dataset(split=split))
    info = builder.info.splits[split]
    return {
        "rows": rows,
        "examples": info.num_examples,
        "bytes": info.num_bytes,
        "hosts": hosts,
        "decoded": decoded,
        "splits": sorted(builder.info.splits),
    }


def big_vision(directory, option):
    path = os.path.join(directory, "big_vision_siglip.py")
    spec = importlib.util.spec_from_file_location("config", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return json.loads(module.get_config(option).to_json())


READERS = {"tfds": tfds_rows, "big_vision": big_vision}

if __name__ == "__main__":
    reader, directory, *rest = sys.argv[1:]
    json.dump(READERS[reader](directory, *rest), sys.stdout)
