/** Quick views, filters, and the filters that a person has saved. */
import { Button, Checkbox, Group, MultiSelect, Popover, TextInput } from '@mantine/core';
import { type RefObject, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { KnownTask } from '../api/tasks';
import type { Priority } from '../api/types';
import { IconFilter, IconSearch } from '../ui/icons';
import classes from './FilterBar.module.css';
import { type Filters, inView, isNarrow, NO_FILTERS, VIEWS } from './filters';
import { modalitiesOf } from './order';
import type { FiltersState } from './useFilters';

const PRIORITIES: readonly Priority[] = ['emergency', 'urgent', 'routine'];

interface Props {
  state: FiltersState;
  tasks: readonly KnownTask[];
  username: string;
  search: RefObject<HTMLInputElement | null>;
  onDone: () => void;
}

export function FilterBar({ state, tasks, username, search, onDone }: Props) {
  const { t } = useTranslation();
  const { filters, change } = state;
  const counts = useMemo(
    () => new Map(VIEWS.map((view) => [view, tasks.filter((task) => inView(task, view, username)).length])),
    [tasks, username],
  );
  return (
    <div className={classes.bar}>
      <div className={classes.views} role="group" aria-label={t('worklist.which')}>
        {VIEWS.map((view) => (
          <button
            key={view}
            type="button"
            className={classes.view}
            aria-pressed={filters.view === view}
            onClick={() => change({ view })}
          >
            {t(`worklist.view.${view}`)}
            {view !== 'signed' && <span className={classes.count}>{counts.get(view)}</span>}
          </button>
        ))}
      </div>
      <TextInput
        ref={search}
        size="xs"
        className={classes.search ?? ''}
        aria-label={t('worklist.search')}
        placeholder={t('worklist.search')}
        leftSection={<IconSearch size={14} />}
        rightSection={<kbd className={classes.key}>/</kbd>}
        value={filters.text}
        onChange={(event) => change({ text: event.currentTarget.value })}
        onKeyDown={(event) => {
          if (event.key === 'Escape' && filters.text) change({ text: '' });
          else if (event.key === 'Escape' || event.key === 'ArrowDown' || event.key === 'Enter') onDone();
          else return;
          event.preventDefault();
          event.stopPropagation();
        }}
      />
      <More state={state} tasks={tasks} />
      <Saved state={state} />
      {isNarrow(filters) && (
        <Button size="compact-xs" variant="subtle" onClick={() => change({ ...NO_FILTERS, view: filters.view })}>
          {t('worklist.clear')}
        </Button>
      )}
    </div>
  );
}

function More({ state, tasks }: Pick<Props, 'state' | 'tasks'>) {
  const { t } = useTranslation();
  const { filters, change } = state;
  const [opened, setOpened] = useState(false);
  const sites = useMemo(
    () => [...new Map(tasks.map((task) => [task.origin, task.origin_name || task.origin]))],
    [tasks],
  );
  const specialities = useMemo(
    () => [...new Set(tasks.map((task) => task.speciality))].filter(Boolean).sort(),
    [tasks],
  );
  const used = [filters.priorities, filters.modalities, filters.sites, filters.specialities].filter((l) => l.length);
  const n = used.length + Number(filters.scope) + Number(filters.overdue);
  const choices = {
    priorities: PRIORITIES.map((value) => ({ value, label: t(`priority.${value}`) })),
    modalities: [...new Set([...modalitiesOf(tasks), ...filters.modalities])],
    sites: sites.map(([value, label]) => ({ value, label })),
    specialities: specialities.map((value) => ({ value, label: t(`speciality.${value as 'neuro'}`) })),
  };
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-start" trapFocus returnFocus width={340}>
      <Popover.Target>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconFilter size={14} />}
          aria-expanded={opened}
          onClick={() => setOpened(!opened)}
        >
          {n ? t('worklist.filters-on', { n }) : t('worklist.filters')}
        </Button>
      </Popover.Target>
      <Popover.Dropdown className={classes.more ?? ''}>
        {(Object.keys(choices) as (keyof typeof choices)[]).map((name) => (
          <MultiSelect
            key={name}
            size="xs"
            label={t(`worklist.by.${name}`)}
            placeholder={filters[name].length ? '' : t('worklist.any')}
            clearable
            comboboxProps={{ withinPortal: false }}
            data={choices[name]}
            value={filters[name]}
            onChange={(value) => change({ [name]: value } as Partial<Filters>)}
          />
        ))}
        <Checkbox
          size="xs"
          label={t('worklist.by.scope')}
          checked={filters.scope}
          onChange={(event) => change({ scope: event.currentTarget.checked })}
        />
        <Checkbox
          size="xs"
          label={t('worklist.by.overdue')}
          checked={filters.overdue}
          onChange={(event) => change({ overdue: event.currentTarget.checked })}
        />
        <Keep key={String(opened)} state={state} onDone={() => setOpened(false)} />
      </Popover.Dropdown>
    </Popover>
  );
}

function Saved({ state }: { state: FiltersState }) {
  const { t } = useTranslation();
  const { saved, chosen } = state;
  if (saved.filters.length === 0) return null;
  return (
    <div className={classes.saved} role="group" aria-label={t('worklist.saved')}>
      {saved.filters.slice(0, 9).map((one, at) => (
        <button
          key={one.name}
          type="button"
          className={classes.view}
          aria-pressed={chosen === one.name}
          onClick={() => state.pick(one.name)}
        >
          <kbd className={classes.key}>{at + 1}</kbd>
          {one.name}
        </button>
      ))}
    </div>
  );
}

/** Keeps the filters as they are under a name; takes a kept one away. */
function Keep({ state, onDone }: { state: FiltersState; onDone: () => void }) {
  const { t } = useTranslation();
  const { chosen } = state;
  const [name, setName] = useState(chosen ?? '');
  const [first, setFirst] = useState(chosen !== null && state.saved.first === chosen);
  return (
    <form
      className={classes.keep}
      onSubmit={(event) => {
        event.preventDefault();
        const text = name.normalize('NFC').trim();
        if (!text) return;
        state.save(text, first);
        onDone();
      }}
    >
      <TextInput
        size="xs"
        label={t('worklist.filter-name')}
        maxLength={40}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Checkbox
        size="xs"
        label={t('worklist.filter-first')}
        checked={first}
        onChange={(event) => setFirst(event.currentTarget.checked)}
      />
      <Group gap="xs">
        <Button size="xs" type="submit" disabled={!name.trim()}>
          {t('worklist.save-filter')}
        </Button>
        {chosen !== null && (
          <Button
            size="xs"
            variant="default"
            onClick={() => {
              state.remove(chosen);
              onDone();
            }}
          >
            {t('worklist.remove-named', { name: chosen })}
          </Button>
        )}
      </Group>
    </form>
  );
}
