// One choice out of several that takes a while to be made ready. What counts is what is selected now: while something is made ready nothing
// is chosen, and what was selected meanwhile is made ready next.

export class Choosing<T> {
  private readonly selected: () => string | undefined;
  private readonly make: (id: string) => Promise<T>;
  private readonly show: (made: T | undefined) => void;
  private made: { id: string; value: T } | undefined;
  private running: Promise<void> | undefined;

  /** `selected` is asked ever anew; `show` is told what is chosen, and that nothing is any more. */
  constructor(selected: () => string | undefined, make: (id: string) => Promise<T>, show: (made: T | undefined) => void) {
    this.selected = selected;
    this.make = make;
    this.show = show;
  }

  /** What is chosen and ready; nothing while another one is selected than that. */
  get current(): T | undefined {
    return this.made !== undefined && this.made.id === this.selected() ? this.made.value : undefined;
  }

  /** Whether something is selected that is not ready, or never became it. */
  get isOpen(): boolean {
    return this.selected() !== undefined && this.current === undefined;
  }

  /** Makes ready what is selected. Asked for again meanwhile, it is the same work, which looks again at its end. */
  choose(): Promise<void> {
    this.running ??= this.work().finally(() => (this.running = undefined));
    return this.running;
  }

  private async work(): Promise<void> {
    for (;;) {
      const id = this.selected();
      this.made = undefined;
      this.show(undefined);
      if (id === undefined) return;
      let value: T;
      try {
        value = await this.make(id);
      } catch (error) {
        // What stood against one that is not selected any more is told to nobody.
        if (this.selected() !== id) continue;
        throw error;
      }
      if (this.selected() !== id) continue;
      this.made = { id, value };
      this.show(value);
      return;
    }
  }
}
