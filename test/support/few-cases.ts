/** Imported before the tests of a room: with a share of the cases, each property is also tried for a moment only. */
import fc from 'fast-check';
import { SHARE } from './cases.ts';

const MAX_PROPERTY_MS = 1000;

// A plugin is given to one property, not to all of them.
// eslint-disable-next-line @typescript-eslint/no-deprecated
if (SHARE < 1) fc.configureGlobal({ interruptAfterTimeLimit: MAX_PROPERTY_MS });
