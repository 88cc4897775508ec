// Dates and times as microseconds since 1970 in UTC, as ISO 8601 writes them, or as the table of training did.

const DATE = String.raw`(?:(\d{4})-(\d\d)-(\d\d)|(\d{4})(\d\d)(\d\d)|(\d{4})-W(\d\d)(?:-(\d))?|(\d{4})W(\d\d)(\d)?)`;
const TIME = String.raw`(\d\d)(?::?(\d\d)(?::?(\d\d)(?:[.,](\d+))?)?)?`;
const ZONE = String.raw`(Z|[+-]\d\d(?::?\d\d(?::?\d\d(?:\.\d+)?)?)?)?`;
const ISO = new RegExp(`^${DATE}(?:.${TIME}${ZONE})?$`, "su");
const DAY = 86_400_000;
const MIN_YEAR = 1678;
const MAX_YEAR = 2261;
const MONTHS = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];

// The directives of strptime.
const DIRECTIVES = {
  Y: String.raw`(?<Y>\d{4})`,
  m: String.raw`(?<m>\d{1,2})`,
  d: String.raw`(?<d>\d{1,2})`,
  y: String.raw`(?<y>\d\d)`,
  H: String.raw`(?<H>\d{1,2})`,
  I: String.raw`(?<I>\d{1,2})`,
  M: String.raw`(?<M>\d{1,2})`,
  S: String.raw`(?<S>\d{1,2})`,
  f: String.raw`(?<f>\d{1,6})`,
  b: `(?<b>${MONTHS.map((month) => month.slice(0, 3)).join("|")})`,
  B: `(?<b>${MONTHS.join("|")})`,
  p: "(?<p>am|pm)",
  z: String.raw`(?<z>Z|[+-]\d\d:?\d\d(?::?\d\d(?:\.\d+)?)?)`,
};

// Undefined if it is no date. `zones` are the hours that the names of time zones stand for.
export function readDate(text, form, zones) {
  return readIso(text) ?? (form ? readForm(text, form, zones) : undefined);
}

function readIso(text) {
  const match = ISO.exec(text);
  if (!match) return undefined;
  const [year, month, day, year2, month2, day2, ...rest] = match.slice(1);
  const [weekYear, week, weekday, weekYear2, week2, weekday2, hour, minute, second, fraction, zone] = rest;
  const date = { year: year ?? year2, month: month ?? month2, day: day ?? day2 };
  const ofWeek = () => dayOfWeek(Number(weekYear ?? weekYear2), Number(week ?? week2), Number(weekday ?? weekday2 ?? 1));
  return ofParts({ ...(date.year ? date : ofWeek()), hour, minute, second, fraction, zone });
}

function dayOfWeek(year, week, weekday) {
  const fourth = Date.UTC(year, 0, 4); // Which is in the first week.
  const monday = fourth - ((new Date(fourth).getUTCDay() + 6) % 7) * DAY;
  const day = new Date(monday + ((week - 1) * 7 + weekday - 1) * DAY);
  return { year: day.getUTCFullYear(), month: day.getUTCMonth() + 1, day: day.getUTCDate() };
}

function readForm(text, form, zones) {
  const escaped = form.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/\s+/g, "\\s+");
  const pattern = new RegExp(`^${escaped.replace(/%(\w)/g, (_, letter) => DIRECTIVES[letter])}$`, "i");
  const found = pattern.exec(withoutNames(text, zones))?.groups;
  if (!found) return undefined;
  const short = Number(found.y) + (found.y < 69 ? 2000 : 1900);
  const half = Number(found.I) % 12;
  if (found.I !== undefined && !(found.I >= 1 && found.I <= 12)) return undefined;
  return ofParts({
    year: found.Y ?? (found.y ? short : 1900),
    month: found.m ?? (found.b ? 1 + MONTHS.findIndex((month) => month.startsWith(found.b.toLowerCase().slice(0, 3))) : 1),
    day: found.d ?? 1,
    hour: found.H ?? (found.I ? half + (found.p?.toLowerCase() === "pm" ? 12 : 0) : 0),
    minute: found.M,
    second: found.S,
    fraction: found.f,
    zone: found.z,
  });
}

// Without the name of a weekday, and that of a time zone as its offset.
function withoutNames(text, zones) {
  const weekday = /(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?[.,]? +|\([A-Za-z ]+\)$/gi;
  const bare = text.split(/\s+/).join(" ").trim().replace(weekday, "").trim();
  const zone = new RegExp(String.raw`\b(?:UTC|GMT)(?=[+-]\d)|(?<=[\d ])(${Object.keys(zones).join("|")})(?= |$)`, "g");
  return bare.replace(zone, (_, name) => (name ? `${zones[name] < 0 ? "-" : "+"}${String(Math.abs(zones[name])).padStart(2, "0")}00` : ""));
}

function ofParts({ year, month, day, hour = 0, minute = 0, second = 0, fraction = "", zone = "" }) {
  if (year < 1000 || hour > 23 || minute > 59 || second > 59) return undefined;
  const midnight = Date.UTC(Number(year), month - 1, Number(day));
  const read = new Date(midnight);
  if (read.getUTCMonth() !== month - 1 || read.getUTCDate() !== Number(day)) return undefined;
  const seconds = hour * 3600 + minute * 60 + Number(second) - offset(zone ?? "");
  const moment = midnight + seconds * 1000;
  const at = new Date(moment).getUTCFullYear();
  if (!(at >= MIN_YEAR && at <= MAX_YEAR)) return undefined;
  return moment * 1000 + Number(`${fraction}000000`.slice(0, 6));
}

function offset(zone) {
  const [hours, minutes = 0, seconds = 0] = zone.match(/\d\d/g) ?? [0];
  const size = hours * 3600 + minutes * 60 + Number(seconds);
  return zone[0] === "-" ? -size : size;
}

const dateOf = (moment) => new Date(Math.floor(moment / 1000));

// What an estimator, which takes only numbers, gets in place of a date.
export const PARTS = {
  elapsed_days: (moment) => moment / (DAY * 1000),
  year: (moment) => dateOf(moment).getUTCFullYear(),
  month: (moment) => dateOf(moment).getUTCMonth() + 1,
  day: (moment) => dateOf(moment).getUTCDate(),
  weekday: (moment) => (dateOf(moment).getUTCDay() + 6) % 7,
  hour: (moment) => dateOf(moment).getUTCHours(),
};
