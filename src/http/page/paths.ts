/** Where each page is. */
export const environmentPath = (name: string): string => `/environments/${encodeURIComponent(name)}`;
export const appPath = ({ environment, name }: { readonly environment: string; readonly name: string }): string =>
  `${environmentPath(environment)}/apps/${encodeURIComponent(name)}`;
export const releasePath = ({ environment, number }: { readonly environment: string; readonly number: number }): string =>
  `${environmentPath(environment)}/releases/${number}`;
export const machinePath = (app: Parameters<typeof appPath>[0], { id }: { readonly id: string }): string =>
  `${appPath(app)}/machines/${encodeURIComponent(id)}`;
