/** Shown of a runner's last message, which may be a dump of its own memory. */
const SHOWN_CHARACTERS = 300;

/**
 * A job that did not end well on its runner. The message is that of the error which a worker threw, where the runner passed one
 * on, with the transform's name; else what happened to the job and the runner's last words.
 */
export class JobError extends Error {
  override readonly name = 'JobError';
  /** `name` of the error that a worker threw. */
  readonly thrown?: string;
  /** Its stack, and whatever else the runner said of it. */
  readonly details: string;

  /**
   * @param what happened: `the job x ended as FAILED`
   * @param messages of the runner, the last one last
   */
  constructor(what: string, messages: readonly string[], options?: ErrorOptions) {
    const found = workerError(messages);
    const [said = ''] = (messages.at(-1) ?? '').trim().split('\n');
    const shown = said.length > SHOWN_CHARACTERS ? `${said.slice(0, SHOWN_CHARACTERS)}…` : said;
    super(found?.message ?? (shown === '' ? what : `${what}: ${shown}`), options);
    this.details = found?.text ?? messages.join('\n');
    if (found !== undefined) this.thrown = found.name;
  }
}

/** `Error: message [in transform "name"]` as a worker writes it, wherever a runner put it. */
const THROWN = /(?:^|[^\w.])((?:[A-Za-z]\w*)?(?:Error|Exception))(?: \[\w+\])?: ([\s\S]*?\[in transform "[^"\n]*"\])/;

function workerError(messages: readonly string[]): { name: string; message: string; text: string } | undefined {
  for (const text of messages) {
    const match = THROWN.exec(text);
    if (match !== null) return { name: match[1]!, message: match[2]!, text };
  }
  return undefined;
}
