/** What the SDK needs of Node that newer versions warn of or no longer have; to be imported before any of it. */
import util from 'node:util';

const legacy = util as { isPrimitive?: (value: unknown) => boolean };

// Called while `serialize-closures` is loaded, which the SDK's serialisation imports; Node 22 warns of it, Node 23 has removed it.
legacy.isPrimitive = (value) => value === null || (typeof value !== 'object' && typeof value !== 'function');
