var __addDisposableResource = (this && this.__addDisposableResource) || function (env, value, async) {
    if (value !== null && value !== void 0) {
        if (typeof value !== "object" && typeof value !== "function") throw new TypeError("Object expected.");
        var dispose, inner;
        if (async) {
            if (!Symbol.asyncDispose) throw new TypeError("Symbol.asyncDispose is not defined.");
            dispose = value[Symbol.asyncDispose];
        }
        if (dispose === void 0) {
            if (!Symbol.dispose) throw new TypeError("Symbol.dispose is not defined.");
            dispose = value[Symbol.dispose];
            if (async) inner = dispose;
        }
        if (typeof dispose !== "function") throw new TypeError("Object not disposable.");
        if (inner) dispose = function() { try { inner.call(this); } catch (e) { return Promise.reject(e); } };
        env.stack.push({ value: value, dispose: dispose, async: async });
    }
    else if (async) {
        env.stack.push({ async: true });
    }
    return value;
};
var __disposeResources = (this && this.__disposeResources) || (function (SuppressedError) {
    return function (env) {
        function fail(e) {
            env.error = env.hasError ? new SuppressedError(e, env.error, "An error was suppressed during disposal.") : e;
            env.hasError = true;
        }
        var r, s = 0;
        function next() {
            while (r = env.stack.pop()) {
                try {
                    if (!r.async && s === 1) return s = 0, env.stack.push(r), Promise.resolve().then(next);
                    if (r.dispose) {
                        var result = r.dispose.call(r.value);
                        if (r.async) return s |= 2, Promise.resolve(result).then(next, function(e) { fail(e); return next(); });
                    }
                    else s |= 1;
                }
                catch (e) {
                    fail(e);
                }
            }
            if (s === 1) return env.hasError ? Promise.reject(env.error) : Promise.resolve();
            if (env.hasError) throw env.error;
        }
        return next();
    };
})(typeof SuppressedError === "function" ? SuppressedError : function (error, suppressed, message) {
    var e = new Error(message);
    return e.name = "SuppressedError", e.error = error, e.suppressed = suppressed, e;
});
/**
 * A report on a folder: one job per file reads it, and a last job, which waits for
 * all of them, writes what they found.
 *
 * Run a worker on it with `tf worker examples/file-report/jobs.ts`.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { task } from 'taskflows';
import { inspectFile } from './inspect-file.js';
import { renderReport } from './report.js';
/** Reads one file. A second try cannot help a file that cannot be read, but a busy disk it can. */
export const inspect = task((request, { signal }) => inspectFile(request, signal), {
    name: 'file-report.inspect', timeout: '5m', retries: { maxAttempts: 3, baseDelaySeconds: 1 },
});
/** Writes the report on the files of the jobs it waited for. */
export const write = task(async ({ root, to }, context) => {
    const parents = await context.parents();
    const files = parents.map(({ result }) => result);
    await replaceFile(to, renderReport(root, files));
    return { report: to, files: files.length };
}, { name: 'file-report.write', retries: { maxAttempts: 3, baseDelaySeconds: 1 } });
/** Whoever reads the file sees the old text or the new one, never half of it. */
async function replaceFile(path, text) {
    await mkdir(dirname(path), { recursive: true });
    const draft = `${path}.${randomUUID()}.tmp`;
    try {
        const env_1 = { stack: [], error: void 0, hasError: false };
        try {
            const file = __addDisposableResource(env_1, await open(draft, 'wx'), true);
            await file.writeFile(text);
            await file.sync();
            await rename(draft, path);
        }
        catch (e_1) {
            env_1.error = e_1;
            env_1.hasError = true;
        }
        finally {
            const result_1 = __disposeResources(env_1);
            if (result_1)
                await result_1;
        }
    }
    catch (error) {
        await rm(draft, { force: true });
        throw error;
    }
}
