// Configurations as programs give them, whatever they are of: text, or what has an obvious one.

/** A value of a configuration key; a number or a boolean stands for its text. */
export type ConfigValue = string | number | bigint | boolean;

/** Configurations by key. */
export type Configs = Readonly<Record<string, ConfigValue | undefined>>;
