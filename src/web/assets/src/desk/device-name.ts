/** A name for this device to begin with: the browser and what it runs on, in words people know. */
export function guessedName(): string {
  const agent = navigator.userAgent;
  const first = (pairs: [RegExp, string][]): string => pairs.find(([pattern]) => pattern.test(agent))?.[1] ?? "";
  const browser = first([[/Firefox\//, "Firefox"], [/Edg\//, "Edge"], [/Chrome\//, "Chrome"], [/Safari\//, "Safari"]]);
  const system = first([
    [/Android/, "Android"], [/iPhone|iPad/, "iPhone"], [/Windows/, "Windows"], [/Mac OS/, "Mac"], [/Linux/, "Linux"],
  ]);
  return [browser, system].filter((word) => word !== "").join(", ");
}
