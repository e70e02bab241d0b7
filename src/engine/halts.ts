/** What stops all writes within a second, also without database or git: configuration, a person's word, a file in the data folder. */
import type { EnvironmentName } from '#domain/ids.ts';

export interface Halt {
  /** `*`: everything. */
  readonly scope: string;
  readonly by: string;
  readonly reason: string;
}
export interface Halts {
  /** The reason, for people; null: writes are allowed. */
  readonly reasonFor: (environment: EnvironmentName) => string | null;
  /** Replaces what is known of the stored ones. */
  readonly setStored: (halts: readonly Halt[]) => void;
  readonly add: (halt: Halt) => void;
  readonly remove: (scope: string) => void;
  readonly list: () => readonly Halt[];
}
export interface HaltSources {
  /** TRIMTAB_READ_ONLY. */
  readonly readOnly: boolean;
  /** Is the halt file there? Read at every question: it must work when nothing else does. */
  readonly fileReason: () => string | null;
}
export function makeHalts(sources: HaltSources): Halts {
  const known = new Map<string, Halt>();
  return {
    reasonFor: (environment) => {
      if (sources.readOnly) return 'TRIMTAB_READ_ONLY is set';
      const file = sources.fileReason();
      if (file !== null) return file;
      const halt = known.get('*') ?? known.get(environment);
      return halt === undefined ? null : `halted by ${halt.by}: ${halt.reason}`;
    },
    setStored: (halts) => {
      known.clear();
      for (const halt of halts) known.set(halt.scope, halt);
    },
    add: (halt) => {
      known.set(halt.scope, halt);
    },
    remove: (scope) => {
      known.delete(scope);
    },
    list: () => [...known.values()],
  };
}
