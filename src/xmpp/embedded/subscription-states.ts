/** The subscriptions between two accounts, as the roster of one of them has them (RFC 6121 appendix A.1). */
export interface Standing {
  /** The contact's presence comes to the account. */
  to: boolean;
  /** The account's presence goes to the contact. */
  from: boolean;
  /** The account has asked for the contact's presence, and has no answer yet (pending out). */
  hasAsked: boolean;
  /** The contact has asked for the account's presence, and has no answer yet (pending in). */
  isAsked: boolean;
}

/** Presences that manage subscriptions (RFC 6121 §3). */
export const subscriptionTypes = [
  'subscribe',
  'subscribed',
  'unsubscribe',
  'unsubscribed',
] as const;

/** One of {@link subscriptionTypes}. */
export type SubscriptionType = (typeof subscriptionTypes)[number];

/** What the server does with such a presence. */
export interface Step {
  /** It is passed on: to the contact, or to the account's resources. */
  goesOn: boolean;
  /** The roster has changed, and its owner is told. */
  isChange: boolean;
}

/** The account has sent such a presence to the contact (RFC 6121 appendix A.2). Changes the standing. */
export function sent(type: SubscriptionType, standing: Standing): Step {
  switch (type) {
    case 'subscribe': {
      const isChange = !standing.to && !standing.hasAsked;
      if (isChange) standing.hasAsked = true;
      return { goesOn: true, isChange };
    }
    case 'unsubscribe': {
      const isChange = standing.to || standing.hasAsked;
      standing.to = standing.hasAsked = false;
      return { goesOn: true, isChange };
    }
    case 'subscribed': {
      // A `subscribed` without a request goes nowhere (A.2.3).
      const wasAsked = standing.isAsked;
      if (wasAsked) [standing.from, standing.isAsked] = [true, false];
      return { goesOn: wasAsked, isChange: wasAsked };
    }
    case 'unsubscribed': {
      const isChange = standing.from;
      const goesOn = standing.from || standing.isAsked;
      standing.from = standing.isAsked = false;
      return { goesOn, isChange };
    }
  }
}

/** The account gets such a presence from the contact (RFC 6121 appendix A.3). Changes the standing. */
export function received(type: SubscriptionType, standing: Standing): Step {
  switch (type) {
    case 'subscribe': {
      const goesOn = !standing.from && !standing.isAsked;
      if (goesOn) standing.isAsked = true;
      return { goesOn, isChange: false };
    }
    case 'unsubscribe': {
      const isChange = standing.from;
      const goesOn = standing.from || standing.isAsked;
      standing.from = standing.isAsked = false;
      return { goesOn, isChange };
    }
    case 'subscribed': {
      const wasAsked = standing.hasAsked;
      if (wasAsked) [standing.to, standing.hasAsked] = [true, false];
      return { goesOn: wasAsked, isChange: wasAsked };
    }
    case 'unsubscribed': {
      const isChange = standing.to || standing.hasAsked;
      standing.to = standing.hasAsked = false;
      return { goesOn: isChange, isChange };
    }
  }
}
