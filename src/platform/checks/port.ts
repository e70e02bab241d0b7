/** How one smoke check is asked: one attempt, whatever its kind. Retries and deadlines are the engine's. Implemented by `prober.ts`. */
import type { CompiledEnvironment } from '#domain/revision.ts';
import type { Check } from '#domain/smoke.ts';

export interface Attempt {
  /** `waiting`: nothing is there yet to ask from; no attempt is used up. */
  readonly state: 'ok' | 'failed' | 'waiting';
  /** One line, such as `200 in 34 ms`. */
  readonly message: string;
  readonly remedy: string | null;
  /** What came back: bounded, without secrets; empty when there was nothing. */
  readonly evidence: string;
}
export interface Prober {
  /** Ends soon after the signal aborts. Never throws for what the other side does. */
  probe(check: Check, environment: CompiledEnvironment, signal: AbortSignal): Promise<Attempt>;
}
export interface ProberDep {
  readonly prober: Prober;
}
/** Why there is no answer. */
export interface Fault {
  readonly message: string;
  readonly remedy: string | null;
  /** What came instead of one. */
  readonly evidence?: string;
  /** Nothing is there yet to ask from. */
  readonly waiting?: boolean;
}
export const failed = (fault: Fault, evidence: string = fault.evidence ?? ''): Attempt => ({
  state: fault.waiting === true ? 'waiting' : 'failed',
  message: fault.message,
  remedy: fault.remedy,
  evidence,
});
