/** What broke a contract since it was last asked: told after each test by `setup.ts`, where nothing can swallow it. */
const breaches = new Set<string>();
export const breach = (message: string): void => {
  breaches.add(message);
};
export function takeBreaches(): readonly string[] {
  const taken = [...breaches];
  breaches.clear();
  return taken;
}
