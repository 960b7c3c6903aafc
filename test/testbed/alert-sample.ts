/** A message with every component, as a program would send it: what is looked at, and what every renderer must manage. */
import {
  Badge, Breadcrumb, Callout, Card, CodeBlock, Divider, Grid, Heading, Image, Json, KeyValues, LineBreak, Link, List, LogEntry, MetricCard,
  PriceChange, ProgressBar, Spinner, StatusIndicator, Table, Text, Timeline, Tree,
} from '../../src/kernel/alerts/components.ts'
import type { AlertMessage } from '../../src/kernel/alerts/message.ts'

/** 1 by 1, blue. */
export const pixel = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==', 'base64')

const stack = `Error: connect ECONNREFUSED 10.0.4.17:5432
    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1637:16)
    at loadOrders (/srv/shop/tasks/load-orders.ts:41:11)`

export const sample: AlertMessage = {
  subject: 'load-orders failed after 3 attempts',
  severity: 'error',
  content: [
    new Breadcrumb(['production', 'shop-eu-1', 'load-orders']),
    new Badge('production', 'error'),
    new Badge('nightly'),
    new Badge('retried', 'warning'),
    new Badge('verified', 'success'),
    new KeyValues({ 'Started': '2026-11-21 03:00:00 UTC', 'Duration': '4 min 12 s', 'Attempts': '3 of 3', 'Task id': '019aa3c2-7a4e-7c1b-9a53-2f1d8f0e6b11' }),
    new Callout('The database refused the connection. Nothing was loaded; yesterday\'s orders are still shown in the shop.', 'error', { title: 'ECONNREFUSED' }),
    new CodeBlock(stack, 'text'),
    new Link('Logs of this run', 'https://grafana.example.com/explore?orgId=1&left=%7B%22datasource%22%3A%22loki%22%7D'),
    new Divider(),
    new Heading('What was loaded'),
    new Text('Three of five sources were read before the connection broke.\nThe other two were left alone.'),
    new ProgressBar(3, 5, { label: 'Sources' }),
    new Grid([
      new MetricCard('Orders', 12_480, { change: -12.5, severity: 'error' }),
      new MetricCard('Rate', 49.5, { unit: 'per s', change: 3.2, severity: 'success' }),
      new MetricCard('Errors', 3, { change: 'same as yesterday' }),
    ], { columns: 3 }),
    new Table([
      { source: 'amazon', orders: 8_120, seconds: 61.2, note: null },
      { source: 'ebay', orders: 3_904, seconds: 44, note: 'late' },
      { source: 'own shop', orders: 456, seconds: 2.75, note: 'read twice, since the first answer was cut' },
    ], { title: 'Sources read' }),
    new List(['amazon', 'ebay', new List(['ebay.de', 'ebay.fr']), 'own shop']),
    new List(['fetch', 'check', 'load'], { ordered: true }),
    new Heading('Around it', 3),
    new StatusIndicator('database', 'error'),
    new StatusIndicator('queue', 'warning', '312 waiting'),
    new StatusIndicator('shop', 'success'),
    new Timeline([
      { time: '03:00:00', title: 'Started', severity: 'info' },
      { time: '03:01:08', title: 'Attempt 1 failed', text: 'connect ECONNREFUSED 10.0.4.17:5432', severity: 'warning' },
      { time: '03:04:12', title: 'Gave up', text: 'No attempts are left.', severity: 'error' },
    ]),
    new LogEntry({ time: '03:01:07.512', level: 'info', logger: 'orders', message: 'reading own shop' }),
    new LogEntry({ time: '03:01:08.003', level: 'warn', logger: 'orders', message: 'connection lost, next attempt in 8 s' }),
    new LogEntry({ time: '03:04:12.340', level: 'error', logger: 'orders', message: 'connect ECONNREFUSED 10.0.4.17:5432' }),
    new Card([
      new PriceChange({ symbol: 'EUR/USD', previous: 1.0842, current: 1.0791 }),
      new PriceChange({ symbol: 'ACME', previous: 100, current: 107.5, currency: 'EUR' }),
      new Json({ rates: ['EUR', 'USD'], fresh: true }),
    ], { title: 'Rates used', footer: 'As of 03:00:00 UTC' }),
    new Tree({ label: 'shop', children: [{ label: 'load-orders', children: ['amazon', 'ebay', 'own shop'] }, 'send-invoices'] }),
    new Spinner('send-invoices is still running'),
    new LineBreak(),
    new Image({ alt: 'Orders per hour', bytes: pixel }),
    new Text('Sent by taskflows.'),
  ],
}
