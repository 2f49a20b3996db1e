/** Names of the Beam model, from beam_runner_api.proto and beam_fn_api.proto, and our own. */

export const IMPULSE_URN = 'beam:transform:impulse:v1';
export const PAR_DO_URN = 'beam:transform:pardo:v1';
export const GROUP_BY_KEY_URN = 'beam:transform:group_by_key:v1';
export const FLATTEN_URN = 'beam:transform:flatten:v1';
export const SOURCE_URN = 'beam:runner:source:v1';
export const SINK_URN = 'beam:runner:sink:v1';

export const KV_CODER_URN = 'beam:coder:kv:v1';
export const SIDE_INPUT_ITERABLE_URN = 'beam:side_input:iterable:v1';
export const GLOBAL_WINDOW_MAPPING_URN = 'beam:window_mapping_fn:global:v1';
export const STATEFUL_REQUIREMENT_URN = 'beam:requirement:pardo:stateful:v1';
/** Prism and Dataflow refuse a state without this protocol. */
export const BAG_STATE_PROTOCOL_URN = 'beam:user_state:bag:v1';

/** Our DoFns: the payload is `DoFnPayload`. */
export const DOFN_URN = 'm4-balance:dofn:v1';
/** A composite; the direct runner lets the elements through. */
export const RESHUFFLE_URN = 'm4-balance:reshuffle:v1';
/** Operators that the direct runner puts before a ParDo with side inputs. */
export const COLLECT_SIDE_URN = 'm4-balance:direct:collect_side:v1';
export const HOLD_MAIN_URN = 'm4-balance:direct:hold_main:v1';
