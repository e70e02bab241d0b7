/** The Authorization header each of Fly's APIs wants (fly-behaviour.md §1). A token string may hold several tokens, separated by commas. */
export interface AuthHeaders {
  readonly flaps: string;
  readonly graphql: string;
  readonly uiex: string;
}

const MACAROON = /^fm(1r|1a|2)_/;

export function tokenToHeaders(token: string): AuthHeaders {
  const tokens = tokenToParts(token);
  const macaroons = tokens.filter((part) => MACAROON.test(part));
  const users = tokens.filter((part) => !MACAROON.test(part));
  const all = tokens.join(',');
  return {
    flaps: macaroons.length > 0 ? `FlyV1 ${macaroons.join(',')}` : `Bearer ${all}`,
    // The only API that takes both kinds in one header.
    graphql: macaroons.length > 0 ? `FlyV1 ${[...macaroons, ...users].join(',')}` : `Bearer ${all}`,
    // Bearer even for macaroons.
    uiex: `Bearer ${all}`,
  };
}

const tokenToParts = (token: string): readonly string[] =>
  token
    .trim()
    .replace(/^(Bearer|FlyV1)\s+/i, '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

/** Takes every part of the token out of a text that goes to people or logs. */
export function makeRedact(token: string): (text: string) => string {
  // Very short parts are no real tokens; taking them out would only garble messages.
  const parts = [...tokenToParts(token)].filter((part) => part.length >= 8).sort((a, b) => b.length - a.length);
  return (text) => parts.reduce((left, part) => left.replaceAll(part, '[token]'), text);
}
