/**
 * Writes `src/faces/cli/manifest.ts`: the contract as the command line needs
 * it, so that `tf` loads neither the contract nor zod.
 *
 *   node scripts/manifest.ts
 */
import { writeFileSync } from 'node:fs';
import { z } from 'zod';
import { contract } from '../src/contract/index.js';
/** The text of the generated file. */
export function manifestText() {
    const areas = Object.entries(contract);
    const commands = areas.flatMap(([area, operations]) => Object.entries(operations).flatMap(([name, operation]) => (operation.cli ? [commandOf(area, name, operation, operation.cli)] : [])));
    const routes = Object.fromEntries(areas.map(([area, operations]) => [area, Object.fromEntries(Object.entries(operations).map(([name, { method, path }]) => [name, { method, path }]))]));
    return [
        '/** Generated from src/contract by scripts/manifest.ts: change the contract, then run that. */',
        "import type { OperationCommand } from './command.ts'",
        '',
        `export const operationCommands: readonly OperationCommand[] = ${JSON.stringify(commands, null, 2)}`,
        '',
        `export const routes = ${JSON.stringify(routes, null, 2)} as const`,
        '',
    ].join('\n');
}
function commandOf(area, operation, { summary, input }, words) {
    const fields = fieldsOf(input);
    const args = (words.args ?? []).map((arg) => argument(arg, fields));
    const taken = new Set([...args.map(({ key }) => key), ...(words.hidden ?? [])]);
    const flags = Object.keys(fields).filter((key) => !taken.has(key)).map((key) => flag(key, fields[key], words.flags?.[key]));
    return { words: words.command, summary, args, flags, examples: words.examples ?? [], area, operation };
}
/** The schemas of the fields; those with an id of their own are written once, under $defs. */
function fieldsOf(input) {
    const schema = z.toJSONSchema(input);
    const resolve = (field) => ({ ...schema.$defs?.[field.$ref?.split('/').at(-1) ?? ''], ...field });
    return Object.fromEntries(Object.entries(resolve(schema).properties ?? {}).map(([key, field]) => [key, resolve(field)]));
}
function argument(declared, fields) {
    const key = declared.replace(/\.{3}$/, '');
    return { ...value(key, fields[key]), ...(declared.endsWith('...') && { many: true }) };
}
function flag(key, field, declared) {
    const [, name = key.replaceAll('_', '-'), placeholder] = /^--([\w-]+)(?: (<.+>))?$/.exec(declared ?? '') ?? [];
    if (field.type === 'boolean')
        return { key, name, kind: 'switch', describe: field.description ?? '' };
    const read = value(key, field);
    return { ...read, name, placeholder: placeholder ?? defaultPlaceholder(read, name) };
}
function defaultPlaceholder({ kind }, name) {
    if (kind === 'whole')
        return '<n>';
    if (kind === 'instant')
        return '<time>';
    return kind === 'text' ? `<${name}>` : `<${kind}>`;
}
function value(key, field) {
    const item = field.items ?? field;
    const kind = kindOf(item);
    const min = kind === 'whole' ? item.minimum : item.minLength;
    const max = kind === 'whole' ? item.maximum : item.maxLength;
    const choices = item.enum && `: ${item.enum.join(', ')}`;
    const preset = field.default === undefined ? '' : `; default ${String(field.default)}`;
    return {
        key,
        kind,
        ...(field.items && { many: true }),
        ...(item.enum && { choices: item.enum }),
        ...(min !== undefined && { min }),
        ...(max !== undefined && { max }),
        describe: `${field.description ?? ''}${choices ?? ''}${preset}`,
    };
}
function kindOf({ type, format, anyOf }) {
    if (type === 'integer')
        return 'whole';
    if (format === 'date-time')
        return 'instant';
    if (type === 'string')
        return 'text';
    // Seconds as a number, or text with units: what the contract calls a Duration.
    if (anyOf?.map((each) => each.type).join() === 'number,string')
        return 'duration';
    return 'json';
}
if (import.meta.main)
    writeFileSync(new URL('../src/faces/cli/manifest.ts', import.meta.url), manifestText());
