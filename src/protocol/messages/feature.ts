import { z } from 'zod';
import { isBounded } from '../../lib/text/bounded-json.ts';
import type { JsonValue } from '../../lib/text/bounded-json.ts';
import { runId } from './values.ts';

/** Limits of what the two halves of a run feature send each other. */
export const FEATURE_BOUNDS = { depth: 32, values: 20_000, total: 256 * 1024 };

/** Only the halves of the feature know what is in it. */
const body = z.custom<JsonValue>(
  (value) => value !== undefined && isBounded(value, FEATURE_BOUNDS),
  'is too deep or too large',
);

const name = z.string().regex(/^[a-z][A-Za-z0-9]{0,39}$/);

/** From one half of a run feature to the other; the protocol does not grow with the features. */
export const featureMessage = z.object({ type: z.literal('feature'), run: runId, name, body });

/** See {@link featureMessage}. */
export type FeatureMessage = z.infer<typeof featureMessage>;

/** The same with an answer; either side may ask. */
export const featureRequests = {
  feature: {
    params: z.object({ run: runId, name, body }),
    result: z.object({ body: body.optional() }),
  },
} as const;
