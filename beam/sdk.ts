/** The SDK's first module to load: most other orders fail on its circular imports. Every file here that uses the SDK imports this before. */
import './node-util.js';
import 'apache-beam/pvalue';
