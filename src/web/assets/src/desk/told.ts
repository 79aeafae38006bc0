// Failures that a page tells by one of its own sentences.

import { explainWith, say } from "./page.ts";

/** A failure that is told by one of the page's own sentences. */
export class Told extends Error {
  readonly sentence: string;

  constructor(sentence: string) {
    super(sentence);
    this.name = "Told";
    this.sentence = sentence;
  }
}

explainWith((error) => (error instanceof Told ? say(error.sentence) : undefined));
