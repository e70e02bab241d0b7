/** Kind `Budget`: what a month may cost, when it is told, and what may be done about it. */
import { z } from 'zod';
import { Duration, ObjectName, Organization } from './desired-scalars.ts';

const Percent = z.number().min(0);
const Act = z
  .strictObject({
    throttleReleases: z.strictObject({ interval: Duration }).optional().describe('Automatic releases at most once per interval.'),
    skipMigrations: z.literal(true).optional().describe('Releases without changed migrations skip that phase.'),
    skipSmoke: z.literal(true).optional().describe('Releases that change nothing visible skip the smoke checks.'),
    minMachinesRunning: z.number().int().min(0).optional().describe('Lower the floor to this.'),
    autostop: z.enum(['stop', 'suspend']).optional().describe('Let idle machines stop.'),
    suspend: z.array(ObjectName).min(1).optional().describe('Suspend these apps, in this order.'),
  })
  .refine((act) => Object.keys(act).length === 1, 'expected exactly one act')
  .meta({ minProperties: 1, maxProperties: 1 });

export const BudgetSpec = z.strictObject({
  scope: z
    .strictObject({
      organization: Organization.optional().describe('Everything of this organization.'),
      environments: z.array(ObjectName).min(1).optional().describe('These environments together.'),
    })
    .refine(
      ({ organization, environments }) => (organization === undefined) !== (environments === undefined),
      'expected either organization or environments',
    )
    .describe('What is counted.'),
  monthly: z
    .strictObject({
      amount: z.number().positive().describe('What a calendar month (UTC) may cost.'),
      currency: z
        .string()
        .regex(/^[A-Z]{3}$/, 'expected a currency such as USD')
        .optional()
        .describe('Default USD.'),
      rate: z.number().positive().optional().describe('US dollars for one unit of the currency.'),
    })
    .describe('The budget.'),
  warning: z
    .strictObject({
      used: Percent.optional().describe('Percent of the month used. Default 80.'),
      weekOverWeek: Percent.optional().describe('Percent above the week before. Default 20.'),
    })
    .optional()
    .describe('When it is a warning.'),
  critical: z
    .strictObject({ forecast: Percent.optional().describe('Percent of the budget the month is forecast to reach. Default 100.') })
    .optional()
    .describe('When it is critical: owners are told by name.'),
  gate: z
    .strictObject({
      maxIncreaseUsd: z.number().min(0).optional().describe('A plan that costs more than this per month more waits for approval.'),
      maxIncreasePercent: Percent.optional().describe('The same, in percent.'),
      total: z.number().min(0).optional().describe('The same, for the total per month.'),
    })
    .optional()
    .describe('Which plans wait for approval.'),
  acts: z
    .array(
      z.strictObject({
        on: z.enum(['warning', 'critical']).describe('The occasion.'),
        in: ObjectName.describe('The environment it is done in.'),
        do: Act.describe('What is done; undone when the cause is gone.'),
      }),
    )
    .optional()
    .describe('Opt-in acts.'),
});
