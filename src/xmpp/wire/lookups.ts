/** How long a domain's answer about its servers is used again. */
export const KEPT_MS = 60_000;

/** Maximum number of domains whose answers are kept: there may be one for each user. */
export const MAX_DOMAINS = 10_000;
