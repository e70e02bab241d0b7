/** Rules between the keys of a fly.toml: what the platform's client refuses, and what it (or trimtab) silently does otherwise than written. */
import type { Complaints } from '#domain/compile-app.ts';
import { suggest } from '#domain/desired-issues.ts';
import type { Path } from '#domain/desired-yaml.ts';
import { isSecretPair } from '#domain/secret-text.ts';
import { durationToNs } from './duration.ts';
import { belongsTo, defaultGroup, groupNames } from './groups.ts';
import type { FlyMount, FlyToml } from './schema.ts';
import { shellWords } from './shell-words.ts';
import { volumeGb } from './size.ts';

export function checkRules(toml: FlyToml, complaints: Complaints): void {
  exclusions(toml, complaints);
  commands(toml, complaints);
  deploySection(toml, complaints);
  checks(toml, complaints);
  services(toml, complaints);
  otherGroups(toml, complaints);
  mounts(toml, complaints);
  for (const [name, value] of Object.entries(toml.env ?? {})) {
    if (!isSecretPair(name, value)) continue;
    complaints.warning(
      ['env', name],
      'secret-in-git',
      `${name} looks like a secret, and its value stands here`,
      `revoke the value, then declare it under spec.secrets of the app: ${name}: { from: { env: ${name} } }`,
    );
  }
}

/** Named exclusions: read, told, not done. */
function exclusions(toml: FlyToml, { warning }: Complaints): void {
  const rule = 'not-supported';
  if (toml.build?.compose !== undefined)
    warning(['build', 'compose'], rule, 'containers of a compose file are not compiled', 'leave this app to the CLI (excluded: true)');
  const places: readonly (readonly [Path, unknown])[] = [
    [['machine_checks'], toml.machine_checks],
    [['http_service', 'machine_checks'], toml.http_service?.machine_checks],
    ...(toml.services ?? []).map((service, at): readonly [Path, unknown] => [['services', at, 'machine_checks'], service.machine_checks]),
  ];
  for (const [path, stated] of places) {
    if (stated !== undefined)
      warning(path, rule, 'machine_checks are not run', 'state the same as a check of the service, or as a smoke check');
  }
}
function commands(toml: FlyToml, { problem }: Complaints): void {
  const lines: readonly (readonly [Path, string | undefined])[] = [
    [['deploy', 'release_command'], toml.deploy?.release_command],
    [['console_command'], toml.console_command],
  ];
  for (const [path, line] of lines) {
    const words = shellWords(line ?? '');
    if (!words.ok) problem(path, 'invalid-value', `${path.map(String).join('.')} cannot be read: ${words.error}`, 'correct the quotes');
  }
}
function deploySection(toml: FlyToml, { problem, warning }: Complaints): void {
  const { strategy, wait_timeout: wait, release_command_timeout: limit } = toml.deploy ?? {};
  const at: Path = ['deploy', 'strategy'];
  if (strategy === 'canary' && (toml.mounts ?? []).length > 0)
    problem(at, 'invalid-value', 'strategy canary does not go with mounts', 'choose rolling');
  else if (strategy === 'canary' || strategy === 'bluegreen')
    warning(at, 'not-supported', `strategy ${strategy} is carried out as rolling`, 'set rollout.surge for a spare machine first');
  if (isTiny(wait)) bareNumber(['deploy', 'wait_timeout'], warning);
  if (isTiny(limit)) bareNumber(['deploy', 'release_command_timeout'], warning);
}

/** A bare number where nothing rewrites it: nanoseconds. */
const isTiny = (duration: string | undefined): boolean => {
  const ns = duration === undefined ? 0 : (durationToNs(duration) ?? 0);
  return ns > 0 && ns < 1e6;
};
const bareNumber = (path: Path, warning: Complaints['warning']): void =>
  warning(path, 'bare-duration', 'a bare number counts nanoseconds here', 'write the unit, such as "30s"');

function checks(toml: FlyToml, { problem }: Complaints): void {
  for (const [name, { interval, timeout }] of Object.entries(toml.checks ?? {})) {
    if (interval !== undefined && (durationToNs(interval) ?? 0) < 2e9)
      problem(['checks', name, 'interval'], 'invalid-value', `interval ${interval} is below 2s`, 'write 2s or more');
    if (timeout !== undefined && (durationToNs(timeout) ?? 0) > 60e9)
      problem(['checks', name, 'timeout'], 'invalid-value', `timeout ${timeout} is above 60s`, 'write 60s or less');
  }
}
type Times = { readonly [key in 'interval' | 'timeout' | 'grace_period']?: string | undefined };
function services(toml: FlyToml, complaints: Complaints): void {
  const { warning } = complaints;
  const http = toml.http_service;
  if (http !== undefined) {
    inGroups(['http_service'], http.processes, toml, complaints, 'problem');
    for (const [at, check] of (http.checks ?? []).entries()) checkTimes(['http_service', 'checks', at], check, warning);
  }
  for (const [at, service] of (toml.services ?? []).entries()) {
    const path: Path = ['services', at];
    inGroups(path, service.processes, toml, complaints, 'problem');
    if ((service.ports ?? []).length === 0)
      warning(
        path,
        'service-without-ports',
        'the service has no ports: nothing reaches it from outside',
        'add [[services.ports]], or remove the service',
      );
    for (const [index, check] of (service.tcp_checks ?? []).entries()) checkTimes([...path, 'tcp_checks', index], check, warning);
    for (const [index, check] of (service.http_checks ?? []).entries()) checkTimes([...path, 'http_checks', index], check, warning);
  }
}
/** The platform moves them into 1 s to 1 min. */
function checkTimes(path: Path, times: Times, warning: Complaints['warning']): void {
  for (const key of ['interval', 'timeout', 'grace_period'] as const) {
    const text = times[key];
    const ns = text === undefined ? null : (durationToNs(text) ?? 0);
    const at = [...path, key];
    if (ns === null || (ns === 0 && key === 'grace_period')) continue;
    if (isTiny(text)) bareNumber(at, warning);
    else if (ns < 1e9) warning(at, 'raised', `${key} ${text ?? ''} is raised to 1s by the platform`, 'write 1s or more');
    else if (ns > 60e9) warning(at, 'lowered', `${key} ${text ?? ''} is lowered to 1m by the platform`, 'write 1m or less');
  }
}

/** Sections that name groups which do not exist reach no machine. */
function otherGroups(toml: FlyToml, complaints: Complaints): void {
  const sections = { vm: toml.vm, mounts: toml.mounts, metrics: toml.metrics, restart: toml.restart };
  for (const [key, list] of Object.entries(sections)) {
    for (const [at, { processes }] of (list ?? []).entries()) {
      if ((processes ?? []).length > 0) inGroups([key, at], processes, toml, complaints, key === 'restart' ? 'problem' : 'warning');
    }
  }
  for (const [name, { processes }] of Object.entries(toml.checks ?? {})) {
    if ((processes ?? []).length > 0) inGroups(['checks', name], processes, toml, complaints, 'warning');
  }
}
function inGroups(
  path: Path,
  processes: readonly string[] | undefined,
  toml: FlyToml,
  complaints: Complaints,
  as: 'problem' | 'warning',
): void {
  const names = groupNames(toml);
  if ((processes ?? []).length === 0 && Object.keys(toml.processes ?? {}).length > 0) {
    const message = 'with [processes] a service has to name the groups it belongs to';
    complaints[as](path, 'service-without-processes', message, `add processes = ["${names[0] ?? ''}"]`);
  }
  for (const [at, name] of (processes ?? []).entries()) {
    if (!names.includes(name))
      complaints[as]([...path, 'processes', at], 'unknown-group', `there is no process group ${name}`, suggest(name, names));
  }
}

function mounts(toml: FlyToml, { problem }: Complaints): void {
  const names = groupNames(toml);
  for (const group of names) {
    const scene = { group, isDefault: group === defaultGroup(names) };
    const own = (toml.mounts ?? []).map((mount, at) => ({ mount, at })).filter(({ mount }) => belongsTo(scene, mount));
    for (const { at } of own.slice(1))
      problem(['mounts', at], 'second-mount', `group ${group} has more than one mount; a machine takes one`, 'remove one of them');
  }
  for (const [at, mount] of (toml.mounts ?? []).entries()) extension(['mounts', at], mount, problem);
}
function extension(path: Path, mount: FlyMount, problem: Complaints['problem']): void {
  const { auto_extend_size_threshold: threshold = 0, auto_extend_size_increment: step, auto_extend_size_limit: limit } = mount;
  if (threshold === 0 && step === undefined && limit === undefined) return;
  const rule = 'invalid-value';
  if (threshold < 50 || threshold > 99)
    problem([...path, 'auto_extend_size_threshold'], rule, 'the threshold lies between 50 and 99', 'write for example 80');
  const stepGb = step === undefined ? 0 : (volumeGb(step) ?? 0);
  if (stepGb < 1 || stepGb > 100)
    problem([...path, 'auto_extend_size_increment'], rule, 'the increment lies between 1GB and 100GB', 'write for example "5GB"');
  if (limit !== undefined && (volumeGb(limit) ?? 0) > 500)
    problem([...path, 'auto_extend_size_limit'], rule, 'the limit lies between 1GB and 500GB', 'write 500GB or less');
}
