/** How the demo is given an option: what does not stand behind `--` npm keeps for itself. */
export const startWith = (option: string): string => `npm start -- ${option}`
