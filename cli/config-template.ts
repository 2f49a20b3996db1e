/** The configuration that `init` writes: every key, its meaning and its default. A line `#key:` is a key left out. */
export function configTemplate(schemaUrl: string): string {
  return `# yaml-language-server: $schema=${schemaUrl}
#
# What m4-balance reads, keeps, balances and writes. Check it without reading any data:
#   m4-balance balance THIS_FILE --dry-run
# A key that opens with # and no space after it is left out; its default is shown.
# Relative paths are relative to the folder in which the command is run.

input:
  files: data/*.parquet        # a path, a folder, a glob, or a list of them; Parquet and Arrow
  # In place of files, a table or a query of BigQuery, which is copied once (docs/bigquery.md):
  # bigquery: {table: project.dataset.table, columns: [uid, text, url]}
  # bigquery: {query: SELECT uid, text FROM d.t, project: my-project, location: US, scratch: temporary, streams: 8}
  # Of an emulator, endpoint: http://127.0.0.1:9050 and readEndpoint: 127.0.0.1:9060
  columns: auto                # laion, commonpool, or a mapping: {id: uid, text: caption, width: w, height: h}
  maximumBad: 0.01             # the run fails when more than this share of rows or files is unreadable

filters:                       # in this order: a preset by its name, or one rule an item
  - datacomp-basic             # or datacomp-clip-score, or laion2b
  #- similarity: {fraction: 0.3}           # the best 30 % of the input; or {minimum: 0.28}; column: similarity
  #- words: {minimum: 2, maximum: 100}     # of the caption; column: text
  #- characters: {minimum: 5}              # of the caption; column: text
  #- side: {minimum: 200}                  # smaller side of the image, in pixels
  #- aspect: {maximum: 3}                  # longer side over shorter side
  #- score: {column: punsafe, maximum: 0.5}
  #- nsfw: {column: NSFW, keep: [UNLIKELY]}
  #- language: {keep: [en], column: language, detect: missing}   # identify it where it is missing, always, never
  #- blocked: {terms: [advertisement]}     # or {file: terms.txt}, one term a line; column: text
  #- present: {columns: [url, text]}       # neither null nor empty
  #- unique: {column: id}                  # the first row of each id; or of each caption (text), image by SHA-256 (image)
  #- near: {similarity: 0.8, shingle: 3}   # the first of captions that have most of their runs of 3 words in common

attributes:                    # perceived sensitive attributes: at least one; unknown where nothing tells
  female: {lexicon: gender, value: female, target: 0.5}          # from the caption; column: text
  #old: {lexicon: age, value: elderly, target: 0.2}
  #nonwhite: {column: s_nonwhite, target: 0.5}                    # a boolean or 0/1 column
  #young: {column: age_score, threshold: 0.7, below: 0.3}         # a score; unknown from below to threshold
  #tall: {column: p_tall, soft: true}                             # calibrated probabilities, balanced as they are
  #woman: {column: gender, value: F}                              # a column of strings
  # several sources, merged by agreement, priority, any or vote:
  #man: {from: [{lexicon: gender, value: male}, {column: face, value: M, name: face, weight: 2}], merge: vote, minimum: 1, majority: 0.5}

labels:                        # what must not go with an attribute
  - lexicon: occupations       # or proxies, or the path of a TSV file with the columns term, value; column: text
  #- {columns: [y_*], exclude: [y_other], threshold: 0.5}         # boolean, 0/1 or score columns, by name or glob
  #- {list: tags, minimumCount: 10, maximum: 65535, names: [dog, cat]}   # a column of lists of strings

languages:                     # of the built-in lexicons; a caption is read by those of its own language
  use: [en]                    # en, de, es, fr, ja, zh, or all; of one language, every caption is taken to be in it
  column: language
  detect: missing              # identify the language where the column is absent or null; or always, never
  #otherwise: en               # the language of captions in none of these; left out: they are not read
  masculine: unknown           # what "el médico" says of gender: nothing, or male

# scores of embeddings or images, as the columns scene.kitchen, quality.score, age.years, … for all of the above; see docs/taggers.md
#models: {scene: {prompts: prompts.npz, embedding: {file: '{stem}.npz', array: l14_img}, temperature: 0.01, activation: softmax, bias: 0}}
#models: {quality: {probe: aesthetic.json, embedding: l14, normalise: true, activation: none}}
#models: {place: {centroids: places.json, embedding: l14, distance: cosine}}
# an image classifier needs the packages onnxruntime-node and sharp; sha256 of its file: another one is refused
#models: {age: {onnx: age.onnx, sha256: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef, input: {width: 64, height: 64, layout: nchw, colours: rgb, mean: 0, scale: 0.004, resize: lanczos3}, classes: {from: 0, to: 80}, faces: face_bboxes, face: largest, groups: {old: {from: 60}}, expected: years, batch: 64}}

balance:
  rate: auto                   # the mean weight; with maximum 1, the share kept; auto: the largest feasible
  tolerance: {representation: 0.01, association: 0.01, conditional: false}   # or the RB and AB wanted: {rb: 0.01, ab: 0.02}
  penalty: 10                  # the price of violating a constraint
  maximum: 1                   # the largest weight; above 1, an example may be written more than once
  fit: auto                    # exact: on counted patterns; stream: example by example; online: in one pass
  #utility: quality            # a numeric column, scaled to mean 1; left out: every example counts the same
  seed: 1                      # every random choice is a hash of it and the id
  #warm: out/duals.json        # the duals of an earlier run to start from
  patterns: 1000000            # auto is exact up to this many distinct patterns, and fits a sample of as many above
  streams: 1                   # stream: independent fits, averaged

output:
  directory: out               # the folder that the run writes
  formats: [parquet]           # of the balanced shards: parquet, arrow, tfrecord, webdataset, datacomp
  weights: parquet             # the table of weights: parquet, arrow or none
  name: pairs                  # shards are called pairs-train-00000-of-00012.parquet
  split: train
  #shardRows: 100000           # rows a shard, or
  #shardBytes: 268435456       # bytes a shard
  #shuffle: global             # the rows of all shards mixed, by a hash; none: in the order of the input
  #stages: 0.1                 # train in two stages: this share on data that are not balanced, written as the split raw
  compression: snappy          # of Parquet shards: snappy, zstd or none
  #images: {resize: 256, format: jpeg, quality: 95}   # decode images and encode them again; needs the package sharp
  overwrite: false             # true: replace another finished run in this folder

report:
  minimumSupport: 30           # a pair of attribute and label with less support is listed, not ranked
  confidence: 0.95             # of the intervals
  worst: 10                    # how many of the worst pairs the terminal lists
  pairs: 1000                  # how many report.json and report.html list
  examples: 0                  # captions that the report shows of each pair, with the attribute and without; at most 10
  rates: 10                    # at how many rates to tell the bias that M4 would reach; 0: none

# Where the results are loaded to when the run is finished; the dataset is made where it is absent (docs/bigquery.md).
#bigquery: {dataset: bias, project: my-project, location: US, prefix: m4_, name: web, weights: true, endpoint: "http://127.0.0.1:9050"}

stats:                         # what m4-balance stats tells beside; balance does not use it
  name: data                   # of the data set that input is
  #sets: {later: {files: later/*.parquet}}   # more data sets, reported side by side
  #weights: weight             # a column of weights: adds the stages weighted and random
  slices: []                   # figures by: {language: {column: language, detect: missing}}, {domain: {column: url}},
                               # {aspect: {edges: [1, 2]}}, {date: {column: seen, unit: month}}, {value: {column: source}},
                               # {attributes: {names: [female, child]}}
  values: 1000                 # of a slicing; where there are more, the rows are sampled
  shownValues: 20              # in the report; the rest is other
  distributions: []            # numeric columns whose quantiles are told, beside text length and image size
  words: 100000                # distinct words that are counted, by attribute; 0: none
  shownWords: 20
  pairs: 10000                 # in report.json at most
  #predictions: {files: model.parquet, name: model, label: label, scores: [score_*], attributes: {}, predicted: {}}

nightly:                       # what m4-balance nightly does (docs/nightly.md); input.files then has the day: data/{date}/*.parquet
  #window: 30d                 # the set is that of so many days; or
  #halfLife: 14d               # a night counts half of one that is so many days younger
  scope: new                   # new: older nights keep their weights; window: all are weighted and written again
  lag: 1                       # the newest night that is due is that of so many days before now, in UTC
  catchUp: 7                   # new nights that one run takes at most
  #marker: data/{date}/_SUCCESS           # a night is whole once there is this file
  #manifest: data/{date}/files.json       # lists the night's files, in place of input.files
  removed: drop                # nights whose files are gone leave the set; keep: they stay as they were counted
  warm: true                   # start the fit from the last duals
  keep: 30                     # runs
  lease: 900                   # seconds without a sign of life after which a run counts as dead
  gates: {version: same, fresh: 3, rows: 0.5, dropped: 0.1, unknown: 0.1, drift: 0.1, repeated: refuse, rate: 0.8, gap: 0.000001, ess: 0.1, rb: 0.02, ab: 0.1}   # or off
  #webhook: https://example.com/hook      # is sent failures; or $M4_BALANCE_WEBHOOK
  #textfile: /var/lib/node_exporter/m4_balance.prom   # figures for Prometheus
  #otlp: http://collector:4318/v1/metrics  # the same for OpenTelemetry; or $OTEL_EXPORTER_OTLP_ENDPOINT

runner:                        # where the job runs: the output is the same on each, so --runner alone may change it
  name: direct                 # this process; or prism (a local runner), flink, portable (a job service), dataflow
  #endpoint: localhost:8099    # of the job service: flink, portable; of a running prism or dataflow job service
  #environment: process        # where workers come from: external (this machine), process, docker
  #image: registry/m4-balance:1            # docker
  #workerCommand: /opt/m4-balance/worker   # process: a command on the runner's machines; left out: this installation's
  #workerPool: localhost:50000             # external: a running m4-balance worker-pool; left out: one of this process
  parallelism: 1               # bundles at a time, where the runner lets one choose
  #workersPerMachine: 4        # flink: of each TaskManager
  timeout: 3600                # seconds without any progress after which a job is cancelled
  #prism: bin/prism            # the binary; left out: from $PATH or .runners/bin
  #options: {key: value}       # further options, given to the runner as they are
  # Dataflow needs project: P, region: R, tempLocation: gs://B/F and an image. It takes stagingLocation:, serviceAccount:,
  # network:, subnetwork:, workers: 2, maxWorkers: 100, workerMachineType:, labels: {team: t}, update: true, templateLocation:
`;
}
