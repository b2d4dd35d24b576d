/** Runs the steps of the test one after the other, and prints each with its duration. */

export class StepLog {
  readonly #started = performance.now()
  #passed = 0
  #failed = 0

  /** Runs one step. @throws what the step throws, after it was printed as failed */
  async run<Result>(title: string, step: () => Promise<Result>): Promise<Result> {
    const started = performance.now()
    try {
      const result = await step()
      this.#passed += 1
      console.log(`ok     ${formatSeconds(performance.now() - started)}  ${title}`)
      return result
    } catch (error) {
      this.#failed += 1
      console.log(`FAILED ${formatSeconds(performance.now() - started)}  ${title}`)
      throw error
    }
  }

  get hasFailed(): boolean {
    return this.#failed > 0
  }

  /** Prints the result as the last lines. */
  summarize(): void {
    const seconds = formatSeconds(performance.now() - this.#started).trim()
    console.log(`${this.hasFailed ? 'FAIL' : 'PASS'}: the deployment in containers, ${seconds}`)
    console.log(`compose: ${this.#passed} passed, ${this.#failed} failed`)
  }
}

function formatSeconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1).padStart(6)} s`
}
