/** All questions of the API. */

import { filter } from './filter.ts'
import type { Question } from './question.ts'
import { top } from './top.ts'
import { traffic } from './traffic.ts'

export const QUESTIONS: readonly Question[] = [
  traffic,
  top,
  filter,
] as readonly unknown[] as Question[]
