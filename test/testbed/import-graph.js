/**
 * Who imports whom in this repository, read from the text of the files.
 */
import { existsSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
const statement = /^(?:import|export)\s+(?<type>type\s+)?(?:(?:[\w$]+\s*,?\s*)?(?:\*(?:\s+as\s+[\w$]+)?|\{[^}]*\})?\s*from\s+)?'(?<target>[^']+)'/gm;
const call = /\bimport\(\s*'(?<target>[^']+)'\s*\)/g;
/** The imports of a file, named from the root of the repository. */
export function importsOf(file) {
    const text = withoutComments(readFileSync(file, 'utf8'));
    const at = (specifier) => (specifier.startsWith('.') ? posix.join(posix.dirname(file), specifier) : specifier);
    return [
        ...[...text.matchAll(statement)].map(({ groups }) => ({ target: at(groups.target), kind: groups.type ? 'type' : 'static' })),
        ...[...text.matchAll(call)].map(({ groups }) => ({ target: at(groups.target), kind: 'lazy' })),
    ];
}
/** Everything that loads when `entry` is loaded: files, packages and Node's modules. */
export function loadedBy(entry) {
    const loaded = new Set();
    const visit = (target) => {
        if (loaded.has(target))
            return;
        loaded.add(target);
        if (target.endsWith('.ts') && existsSync(target))
            importsOf(target).filter(({ kind }) => kind === 'static').forEach((found) => visit(found.target));
    };
    visit(entry);
    return loaded;
}
/** The code alone. Text in strings that looks like a comment goes too, which no rule here minds. */
export function withoutComments(text) {
    return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}
