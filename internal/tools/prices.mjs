// Usage: node prices.mjs INPUT SOURCE OUTPUT
//
// Takes the data out of the price package's script INPUT, keeps what has to do
// with the price of tokens and calls, and writes it compressed to OUTPUT.
// internal/pricing/builtin.go reads it and describes the form.
import {readFileSync, writeFileSync} from 'node:fs';
import {runInNewContext} from 'node:vm';
import {gzipSync} from 'node:zlib';

const [input, source, output] = process.argv.slice(2);
const kept = [
  'input_mtok', 'output_mtok', 'cache_read_mtok', 'cache_write_mtok', 'cache_write_1h_mtok',
  'output_reasoning_mtok', 'requests_kcount',
];

// firstArray cuts the first array literal out of a script: that is the data.
function firstArray(script) {
  const start = script.indexOf('[');
  let depth = 0;
  let quote = '';
  for (let i = start; i < script.length; i++) {
    const c = script[i];
    if (quote) {
      if (c === '\\') i++;
      else if (c === quote) quote = '';
    } else if ('"\'`'.includes(c)) quote = c;
    else if ('[{'.includes(c)) depth++;
    else if (']}'.includes(c) && --depth === 0) return script.slice(start, i + 1);
  }
  throw new Error('no array found');
}

// literal is the only text that a regular expression matches, if that is so. The
// others allow for a date or forbid a suffix, and our own matching does both.
function literal(regex) {
  const text = regex.replace(/^\^/, '').replace(/\$$/, '').replace(/\\([.[\]-])/g, '\0$1');
  return /(^|[^\0])[\\[\](){}*+?|.^$]/.test(text) ? [] : [text.replaceAll('\0', '')];
}

// names lists what a condition on model names names. Whether a name is a prefix
// or the whole makes no difference, because what may follow it is decided by our
// own matching; only a prefix that ends within a word, or a fine-tune's, stays one.
function names(match) {
  if (match.or) return match.or.flatMap(names);
  if (match.and) return match.and.flatMap(names);
  if (match.regex !== undefined) return literal(match.regex);
  const prefix = match.starts_with ?? match.contains;
  if (prefix !== undefined && /-$|^ft:/.test(prefix)) return [prefix + '*'];
  return [(match.equals ?? match.ends_with ?? prefix).replace(/@$/, '')];
}

const region = /^(?:regional|us|us-gov|eu|apac|ap|jp|au|ca|in)\.(?=[a-z])/;

function allNames(provider, model) {
  const all = [model.id, ...names(model.match)].map((name) => name.toLowerCase().trim());
  const short = provider === 'aws' ? all.map((name) => name.replace(region, '')) : all;
  return [...new Set(short)];
}

function period(entry) {
  const prices = Object.fromEntries(kept.filter((key) => key in entry.prices).map((key) => [key, entry.prices[key]]));
  const constraint = entry.constraint ?? {};
  switch (constraint.type) {
    case undefined: return prices;
    case 'start_date': return {start_date: constraint.start_date, ...prices};
    case 'time_of_date': return {start_time: constraint.start_time, end_time: constraint.end_time, ...prices};
    default: throw new Error(`unknown constraint ${constraint.type}`);
  }
}

// line is a provider: readers parse the lines they need.
function line(provider) {
  const models = provider.models.map((model) => ({
    names: allNames(provider.id, model),
    prices: (Array.isArray(model.prices) ? model.prices : [{prices: model.prices}]).map(period),
  }));
  return `${provider.id} ${JSON.stringify(models)}\n`;
}

const data = runInNewContext(`(${firstArray(readFileSync(input, 'utf8'))})`);
const count = data.reduce((n, provider) => n + provider.models.length, 0);
const text = `${JSON.stringify({source, models: count})}\n${data.map(line).join('')}`;
// No time and no file name go into the header.
writeFileSync(output, gzipSync(text, {level: 9}));
console.log(`${source}: ${data.length} providers, ${count} models, ${text.length} bytes`);
