"""Peer: the tagging pass in Python Beam on a job service, with workers of this process. Arguments: ENDPOINT INPUT.parquet OUTPUT.parquet TERMS.json KEPT (JSON)."""
import json
import re
import sys

import peak  # noqa: F401

endpoint, source, output, terms_file, kept = sys.argv[1:6]
kept = json.loads(kept)
SPACES = re.compile(r' {2,}|[\t\n\-] *')


class Tag(object):
    """Token sets as far as they go, as the fastest of the ways that were tried in Python: a word is looked up before a pattern is."""

    def __init__(self, terms):
        self.terms = {name: re.compile(rf"\b(?:{value['pattern']})\b") for name, value in terms.items()}
        self.values = {name: value['values'] for name, value in terms.items()}
        self.words = {name: {word for term in value['values'] for word in term.split()} for name, value in terms.items()}

    def found(self, name, text):
        if self.words[name].isdisjoint(re.findall(r'\w+', text)):
            return set()
        values = self.values[name]
        return {values[term] for term in self.terms[name].findall(text) if term in values}

    def __call__(self, batch):
        import pyarrow as pa

        keep, female, labels = [], [], []
        rows = zip(*(batch[name].to_pylist() for name in ('text', 'width', 'height', 'clip')))
        for i, (text, width, height, clip) in enumerate(rows):
            if len(text) < kept['characters'] or min(width, height) < kept['side'] or clip < kept['similarity']:
                continue
            if max(width, height) > kept['aspect'] * min(width, height) or len(text.split()) < kept['words']:
                continue
            normal = SPACES.sub(' ', text.lower())
            gender = self.found('gender', normal)
            keep.append(i)
            female.append('female' in gender if len(gender) == 1 else None)
            labels.append(sorted(self.found('occupations', normal)))
        table = batch.take(pa.array(keep, pa.int64()))
        table = table.append_column('s_female', pa.array(female, pa.bool_()))
        yield table.append_column('labels', pa.array(labels, pa.list_(pa.string())))


def main():
    import apache_beam as beam
    import pyarrow.parquet as pq
    from apache_beam.options.pipeline_options import PipelineOptions

    with open(terms_file) as file:
        tag = Tag(json.load(file))
    schema = pq.read_schema(source)
    import pyarrow as pa

    schema = schema.append(pa.field('s_female', pa.bool_())).append(pa.field('labels', pa.list_(pa.string())))
    options = PipelineOptions(
        ['--runner=PortableRunner', f'--job_endpoint={endpoint}', '--environment_type=LOOPBACK', '--job_name=peer']
    )
    with beam.Pipeline(options=options) as pipeline:
        (
            pipeline
            | beam.io.parquetio.ReadFromParquetBatched(source)
            | beam.FlatMap(tag)
            | beam.io.parquetio.WriteToParquetBatched(output, schema, codec='snappy', shard_name_template='')
        )
    print(json.dumps(dict(kept=pq.read_metadata(output).num_rows)))


main()
