// The page that needs nothing: it shows that the bundler works while there is no other.
export {};
