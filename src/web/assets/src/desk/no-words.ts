// Why words cannot be sealed for the other side, as a sentence of the page. Apart from what seals them, which comes later.

/** No words can be sealed here, for a reason that does not pass. */
export class NoWords extends Error {
  /** The name of the sentence that says why. */
  readonly word: string;

  constructor(word: "not-here" | "nobody-reads" | "no-receipt") {
    super(word);
    this.name = "NoWords";
    this.word = word;
  }
}
