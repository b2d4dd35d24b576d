/** Runs the steps of the test one after the other, and prints each with its duration. */

export class StepLog {
  readonly #started = performance.now()
  #passed = 0
  #failed = 0

  /** Runs one step. @throws the error of the step, after the step was printed as failed */
  async run(title: string, step: () => Promise<void>): Promise<void> {
    const started = performance.now()
    try {
      await step()
      this.#passed += 1
      console.log(`ok     ${formatSeconds(performance.now() - started)}  ${title}`)
    } catch (error) {
      this.#failed += 1
      console.log(`FAILED ${formatSeconds(performance.now() - started)}  ${title}`)
      throw error
    }
  }

  /** Prints the result as the last lines. */
  summarize(): void {
    const seconds = formatSeconds(performance.now() - this.#started).trim()
    const result = this.#failed > 0 ? 'FAIL' : 'PASS'
    console.log(`${result}: the deployment in containers, ${seconds}`)
    console.log(`compose: ${this.#passed} passed, ${this.#failed} failed`)
  }
}

function formatSeconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1).padStart(6)} s`
}
