/** Quick views, filters, and the filters that a person has saved. */
import { Button, Checkbox, Menu, MultiSelect, Popover, TextInput } from '@mantine/core';
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
      </Popover.Dropdown>
    </Popover>
  );
}

function Saved({ state }: { state: FiltersState }) {
  const { t } = useTranslation();
  const { saved, chosen } = state;
  const [naming, setNaming] = useState(false);
  const [name, setName] = useState('');
  const [first, setFirst] = useState(false);
  const save = () => {
    const text = name.normalize('NFC').trim();
    if (!text) return;
    state.save(text, first);
    setNaming(false);
    setName('');
  };
  return (
    <>
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
      <Popover opened={naming} onChange={setNaming} position="bottom-end" trapFocus returnFocus width={260}>
        <Popover.Target>
          <Button size="compact-xs" variant="subtle" aria-expanded={naming} onClick={() => setNaming(!naming)}>
            {t('worklist.save-filter')}
          </Button>
        </Popover.Target>
        <Popover.Dropdown>
          <form
            className={classes.more}
            onSubmit={(event) => {
              event.preventDefault();
              save();
            }}
          >
            <TextInput
              size="xs"
              label={t('worklist.filter-name')}
              maxLength={40}
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
              data-autofocus
            />
            <Checkbox
              size="xs"
              label={t('worklist.filter-first')}
              checked={first}
              onChange={(event) => setFirst(event.currentTarget.checked)}
            />
            <Button size="xs" type="submit" disabled={!name.trim()}>
              {t('worklist.keep')}
            </Button>
          </form>
        </Popover.Dropdown>
      </Popover>
      {chosen !== null && (
        <Menu position="bottom-end">
          <Menu.Target>
            <Button size="compact-xs" variant="subtle">
              {t('worklist.remove-filter')}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item color="red" onClick={() => state.remove(chosen)}>
              {t('worklist.remove-named', { name: chosen })}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
    </>
  );
}
