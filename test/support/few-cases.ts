/** Imported before the tests of a room: with a share of the cases, each property is also tried for a moment only. */
import fc from 'fast-check';
import { SHARE } from './cases.ts';

const MAX_PROPERTY_MS = 200;

if (SHARE < 1) fc.configureGlobal({ interruptAfterTimeLimit: MAX_PROPERTY_MS });
