// The program's version, as `ottla version` prints it and clients announce it. deno.json and
// package.json say the same; a test compares them.

export const programVersion = "0.1.0";
