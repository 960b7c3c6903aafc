import { createPostgres, urlSource } from '../../src/adapters/database/postgres/index.js';
import { migrate } from '../../src/kernel/database/migrate.js';
import { databaseUrl, runAsAdmin, templateDatabase } from '../../src/testing/test-database.js';
import { findPostgres, startPostgres } from './postgres.js';
export default async function setup(project) {
    const version = process.env.TASKFLOWS_TEST_POSTGRES || '18';
    const programs = findPostgres(version);
    if (programs === undefined) {
        throw new Error(`PostgreSQL ${version} was not found. Run npm test, which installs it, or set TASKFLOWS_TEST_POSTGRES to a directory that holds postgres and initdb.`);
    }
    const postgres = await startPostgres({ programs, fsync: false });
    await createTemplate(postgres.url).catch(async (error) => {
        await postgres.stop();
        throw error;
    });
    project.provide('postgresUrl', postgres.url);
    return () => postgres.stop();
}
async function createTemplate(adminUrl) {
    await runAsAdmin(adminUrl, `create database ${templateDatabase}`);
    const database = createPostgres({ source: urlSource(databaseUrl(adminUrl, templateDatabase)) });
    try {
        await migrate(database);
    }
    finally {
        // A template is copied only while nobody is connected to it.
        await database.close();
    }
}
