/** Layout, links between views, protocols: what concerns the screen as a whole. */
import { ActionIcon, Menu, Tooltip } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { LinkState } from '../imaging/link';
import { type Grid, LAYOUTS, type Layout } from './grid';
import classes from './LayoutBar.module.css';
import { IconGrid, IconLines, IconLink, IconPlanes, IconPrior, IconProtocol, IconSecondWindow } from './layouticons';
import { type Command, useKeys } from './shortcuts';

interface Props {
  grid: Grid;
  link: LinkState;
  lines: boolean;
  /** Comparable priors there are. */
  priors: number;
  planes: boolean;
  protocol: string | null;
  run: (command: Command) => void;
}

export function LayoutBar({ grid, link, lines, priors, planes, protocol, run }: Props) {
  const { t } = useTranslation();
  const keys = useKeys();
  const keyOf = (id: string) => keys.byAction.get(id)?.[0] ?? '';
  return (
    <div className={classes.bar} role="toolbar" aria-label={t('layout.label')}>
      <Menu position="bottom-end" width={230}>
        <Menu.Target>
          <Tooltip label={t('layout.choose')} openDelay={350}>
            <ActionIcon variant="subtle" color="gray" size={32} aria-label={t('layout.choose')}>
              <IconGrid rows={grid.rows} columns={grid.columns} />
            </ActionIcon>
          </Tooltip>
        </Menu.Target>
        <Menu.Dropdown>
          <div className={classes.layouts}>
            {LAYOUTS.map(({ rows, columns, digit }) => (
              <Menu.Item
                key={digit}
                className={classes.layout}
                data-chosen={(rows === grid.rows && columns === grid.columns) || undefined}
                aria-label={t('layout.rows-columns', { rows, columns })}
                onClick={() => run({ do: 'layout', rows, columns })}
              >
                <IconGrid rows={rows} columns={columns} size={30} />
                <span>
                  {rows} × {columns}
                </span>
                <kbd className={classes.key}>{keyOf(layoutId({ rows, columns }))}</kbd>
              </Menu.Item>
            ))}
          </div>
          <Menu.Divider />
          <Menu.Item onClick={() => run({ do: 'maximise' })} rightSection={<Key of={keyOf('maximise')} />}>
            {t(grid.maximised ? 'layout.restore' : 'layout.maximise')}
          </Menu.Item>
          <Menu.Item onClick={() => run({ do: 'choose-series' })} rightSection={<Key of={keyOf('choose-series')} />}>
            {t('layout.choose-series')}
          </Menu.Item>
          <Menu.Divider />
          {protocol && <Menu.Label>{t('layout.hung-by', { name: protocol })}</Menu.Label>}
          <Menu.Item onClick={() => run({ do: 'hang-again' })} rightSection={<Key of={keyOf('hang-again')} />}>
            {t('layout.hang-again')}
          </Menu.Item>
          <Menu.Item
            leftSection={<IconProtocol />}
            onClick={() => run({ do: 'protocols' })}
            rightSection={<Key of={keyOf('protocols')} />}
          >
            {t('layout.protocols')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Switch
        label={t(link.scroll ? 'layout.unlink' : 'layout.link')}
        shortcut={keyOf('link')}
        on={link.scroll}
        onClick={() => run({ do: 'link' })}
        icon={<IconLink />}
      />
      <Switch
        label={t('layout.lines')}
        shortcut={keyOf('lines')}
        on={lines}
        onClick={() => run({ do: 'lines' })}
        icon={<IconLines />}
      />
      <Switch
        label={t('layout.planes')}
        shortcut={keyOf('planes')}
        on={planes}
        onClick={() => run({ do: 'planes' })}
        icon={<IconPlanes />}
      />
      {priors > 0 && (
        <Switch
          label={t('layout.compare', { n: priors })}
          shortcut={keyOf('compare')}
          onClick={() => run({ do: 'compare' })}
          icon={<IconPrior />}
        />
      )}
      <Switch
        label={t('layout.second-window')}
        shortcut={keyOf('second-window')}
        onClick={() => run({ do: 'second-window' })}
        icon={<IconSecondWindow />}
      />
    </div>
  );
}

/** The action of a layout in the table of keys. */
export const layoutId = ({ rows, columns }: Layout) => `layout-${rows}-${columns}`;

const Key = ({ of }: { of: string }) => (of ? <kbd className={classes.key}>{of}</kbd> : null);

interface SwitchProps {
  label: string;
  shortcut: string;
  on?: boolean;
  icon: ReactNode;
  onClick: () => void;
}

function Switch({ label, shortcut, on, icon, onClick }: SwitchProps) {
  return (
    <Tooltip
      label={
        <>
          {label} <Key of={shortcut} />
        </>
      }
      openDelay={350}
    >
      <ActionIcon
        variant="subtle"
        color={on ? 'sea' : 'gray'}
        size={32}
        aria-label={label}
        aria-pressed={on}
        className={classes.switch}
        onClick={(event) => {
          onClick();
          if (event.detail > 0) event.currentTarget.blur();
        }}
      >
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}
