/**
 * A configuration of big_vision's SigLIP trainer (google-research/big_vision, trainers/proj/image_text/siglip.py) for the data that were written,
 * with the training set-up of "CLIP the Bias" (ICLR 2024): batches of 16,384, a shuffle buffer of 250,000, images of 224 pixels, temperature 10,
 * Adafactor with a learning rate of 1e-3, weight decay of 1e-4, gradients clipped at 1, and a reciprocal square root schedule with 5,000 steps of
 * warm-up and 5,000 of cool-down.
 */
import { RAW_SPLIT } from '../../schemas/output.js';

export const BIG_VISION_FILE = 'big_vision_siglip.py';

export interface BigVisionOptions {
  /** Of the balanced data. */
  readonly split: string;
  /** Share of the examples that are trained on before balancing; left out: none. */
  readonly stages?: number | undefined;
  /** Where the data are; left out: beside the file itself. */
  readonly directory?: string | undefined;
}

/** Names of splits are letters, digits and underscores; a place is written as a literal that is the same in JSON and Python. */
const literal = (text: string) => JSON.stringify(text);

const HEAD = `# Written by m4-balance.
r"""SigLIP on the image-text pairs beside this file, with the training set-up of "CLIP the Bias" (https://arxiv.org/abs/2403.04547).

    python -m big_vision.trainers.proj.image_text.siglip --config THIS_FILE --workdir WORKDIR

Options follow a colon, separated by commas: THIS_FILE:batch_size=512,total_examples=1000000,data_dir=gs://bucket/folder
"""
import os

from ml_collections import ConfigDict
`;

/** Of the options, what both stages share. */
const MODEL = `
  config.init_shapes = [(1, res, res, 3), (1, token_len)]
  config.init_types = ["float32", "int32"]
  config.pp_modules = ["ops_general", "ops_image", "ops_text"]

  config.log_training_steps = 50
  config.ckpt_steps = 1_000

  config.model_name = "proj.image_text.two_towers"
  config.model = dict(
      image_model="vit",
      image=dict(variant="B/16", pool_type="map"),
      text_model="proj.image_text.text_transformer",
      text=dict(variant="B", vocab_size=32_000),
      out_dim=(None, 768),
      temperature_init=10.0,
      bias_init=-10.0,
  )

  config.optax_name = "big_vision.scale_by_adafactor"
  config.grad_clip_norm = 1.0
  config.lr = 1e-3
  config.wd = 1e-4
  config.schedule = dict(
      decay_type="rsqrt", warmup_steps=5_000, cooldown_steps=5_000)

  config.evals = {}
  return config
`;

/** What an option may say, and what it says where it is not given. */
function optionsText(stages: number | undefined): string {
  const staged =
    stages === undefined
      ? ''
      : `
  # mixture: both parts at once. raw, then balanced: one after the other; the second goes on from the checkpoint in \`resume\`.
  stage = options.pop("stage", "mixture")
  resume = options.pop("resume", "")`;
  return `
  options = dict(part.split("=", 1) for part in (arg or "").split(",") if part)
  data_dir = options.pop("data_dir", DATA_DIR)
  batch_size = int(options.pop("batch_size", 16_384))
  shuffle = int(options.pop("shuffle", 250_000))
  total_examples = int(float(options.pop("total_examples", 1_000_000_000)))
  res = int(options.pop("res", 224))
  token_len = int(options.pop("token_len", 16))
  vocab = options.pop("vocab", "c4_en")${staged}
  if options:
    raise ValueError(f"unknown options: {sorted(options)}")
`;
}

function dataText(split: string, stages: number | undefined): string {
  const part = `
  def part(split):
    return dict(
        data=dict(name="from_data_dir", data_dir=data_dir, split=split),
        shuffle_buffer_size=shuffle,
        pp=pp)

  pp = (
      f'decode|resize({res})|value_range(-1,1)'
      f'|tokenize(max_len={token_len}, model="{vocab}", eos="sticky", pad_value=1, inkey="text", outkey="labels")'
      '|keep("image", "labels")')

  config = ConfigDict()
`;
  if (stages === undefined) {
    return `${part}  config.total_examples = total_examples
  config.input = dict(batch_size=batch_size, **part(${literal(split)}))
`;
  }
  return `${part}  config.total_examples = total_examples
  config.input = dict(batch_size=batch_size)
  if stage == "mixture":
    config.input.data = dict(raw=RAW_SHARE, balanced=1 - RAW_SHARE)
    config.input.raw = part(${literal(RAW_SPLIT)})
    config.input.balanced = part(${literal(split)})
  elif stage == "raw":
    config.total_examples = int(total_examples * RAW_SHARE)
    config.input.update(part(${literal(RAW_SPLIT)}))
  elif stage == "balanced":
    config.input.update(part(${literal(split)}))
    config.resume = resume
  else:
    raise ValueError(f"stage: expected mixture, raw or balanced, got {stage}")
`;
}

/** The Python file. */
export function bigVisionConfig({ split, stages, directory }: BigVisionOptions): string {
  const place = directory === undefined ? 'os.path.dirname(os.path.abspath(__file__))' : literal(directory);
  const share = stages === undefined ? '' : `# Share of the examples that are not balanced.\nRAW_SHARE = ${stages}\n`;
  const body = [optionsText(stages), dataText(split, stages), MODEL].join('');
  return `${HEAD}\nDATA_DIR = ${place}\n${share}\n\ndef get_config(arg=None):\n  """The configuration; \`arg\` is what follows the colon."""${body}`;
}
