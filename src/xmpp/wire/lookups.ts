/** How long what a domain says of its servers is used again. */
export const KEPT_MS = 60_000;

/** Domains whose answer is kept: there may be one for each user. */
export const MOST_DOMAINS = 10_000;
