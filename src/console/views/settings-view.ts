import type { SettingsView } from '../../control/views.ts';
import type { Paint } from './paint.ts';
import { table } from './render.ts';

/** `settings()`. */
export function renderSettings(settings: SettingsView, paint: Paint): string {
  const rows = Object.entries(settings).map(([name, { value, description, update }]) => [
    name,
    value === '' ? "''" : String(value),
    update ? 'yes' : '',
    description,
  ]);
  return table(['setting', 'value', 'update', 'meaning (times in ms)'], rows, paint, [1]);
}
