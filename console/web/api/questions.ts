/** All questions of the API. */

import { balance } from './balance.ts'
import { completions } from './completions.ts'
import { conversations } from './conversations.ts'
import { exporter } from './exporter.ts'
import { exporters } from './exporters.ts'
import { filter } from './filter.ts'
import { flows } from './flows.ts'
import { gaps } from './gaps.ts'
import { loss } from './loss.ts'
import { nat, natEvents } from './nat.ts'
import type { Question } from './question.ts'
import { top } from './top.ts'
import { traffic } from './traffic.ts'

/** Each question checks its own parameters, so the list needs none of their types. */
export const QUESTIONS: readonly Question[] = [
  traffic,
  top,
  flows,
  conversations,
  exporters,
  exporter,
  loss,
  gaps,
  balance,
  nat,
  natEvents,
  completions,
  filter,
] as readonly unknown[] as readonly Question[]
