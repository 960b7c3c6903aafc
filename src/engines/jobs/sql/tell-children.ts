/**
 * Tells the jobs that wait for ended parents: two statements of one transaction.
 *
 * Completions do not look for children: under READ COMMITTED they could miss
 * one that is being added. They leave a row in `awaited_ends`, and these
 * statements, with snapshots of their own, see every child that was committed.
 */
import { statement } from '../../../kernel/database/database.ts'

/** $1 how many at most. Takes the ends that nobody has told of yet. */
export const takeAwaitedEnds = statement('take-awaited-ends', `
delete from taskflows.awaited_ends where seq in (
  select seq from taskflows.awaited_ends order by seq limit $1::integer for update skip locked)
returning job_id, state`)

/**
 * $1 parents that succeeded  $2 parents that ended otherwise.
 *
 * A child of several parents may be told of two at the same moment; the row lock
 * on the child makes the second subtract from what the first left.
 */
export const tellChildren = statement('tell-children', `
with clock as materialized (
  select taskflows.now() as now
), edges as (
  delete from taskflows.dependencies where parent_id = any($1::uuid[] || $2::uuid[]) returning parent_id, child_id
), verdicts as materialized (
  select child_id, count(*) as ended, (array_agg(parent_id) filter (where parent_id = any($2::uuid[])))[1] as failed_parent
  from edges group by child_id
), children as materialized (
  select id from taskflows.held where id in (select child_id from verdicts) order by id for update
), told as (
  update taskflows.held h set
    waiting = case when v.failed_parent is null then greatest(h.waiting - v.ended, 0) else 0 end,
    reason = case when v.failed_parent is not null then 'parent_failed' when h.waiting > v.ended then h.reason else 'delayed' end,
    until = case when v.failed_parent is null then h.until else clock.now end,
    blamed_on = coalesce(h.blamed_on, v.failed_parent)
  from verdicts v, children, clock
  where h.id = v.child_id and children.id = h.id and h.reason <> 'parent_failed'
  returning 1
)
select count(*) as told from told`)
