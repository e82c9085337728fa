/** Longest name of a program that is kept; clients choose it. */
const PROGRAM_LENGTH = 30

/** The first that matches; browsers name those that they descend from, too. */
const browsers: [RegExp, string][] = [
  [/KAKAOTALK/i, 'KakaoTalk'],
  [/Whale\//, 'Whale'],
  [/SamsungBrowser\//, 'Samsung Internet'],
  [/Edg(?:e|A|iOS)?\//, 'Edge'],
  [/OPR\/|OPT\//, 'Opera'],
  [/Firefox\/|FxiOS\//, 'Firefox'],
  [/Chrome\/|CriOS\//, 'Chrome'],
  [/Safari\//, 'Safari'],
]
const systems: [RegExp, string][] = [
  [/iPhone/, 'iPhone'],
  [/iPad/, 'iPad'],
  [/Android/, 'Android'],
  [/Windows/, 'Windows'],
  [/CrOS/, 'ChromeOS'],
  [/Mac OS X|Macintosh/, 'macOS'],
  [/Linux/, 'Linux'],
]

const nameIn = (table: [RegExp, string][], text: string) => table.find(([pattern]) => pattern.test(text))?.[1]

/** A short name for the device of a `User-Agent` header: browser and system, else the program; may be empty. */
export function deviceOf(user_agent = ''): string {
  const found = [nameIn(browsers, user_agent), nameIn(systems, user_agent)].filter(name => name !== undefined)
  if (found.length > 0) return found.join(' · ')
  const [program = ''] = /^[A-Za-z0-9._ -]+/.exec(user_agent) ?? []
  return program.slice(0, PROGRAM_LENGTH).trim()
}
