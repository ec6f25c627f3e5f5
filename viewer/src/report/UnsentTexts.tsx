/** Texts of this study that wait on this machine, and that the node does not have: read, compared, copied, gone on with. */
import { Button, Group, UnstyledButton } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Link, TaskDetail } from '../api/types';
import { useFormat } from '../i18n/format';
import { Note } from '../ui/Note';
import { copyText } from './copying';
import { Differences } from './Differences';
import type { Keeping } from './kept';
import { Reading } from './Reading';
import { claimOf } from './Standing';
import classes from './UnsentTexts.module.css';
import type { Unsent } from './useDraft';
import type { Waiting } from './waiting';
import { SECTIONS, type Written } from './written';

interface Props {
  unsent: Unsent;
  /** What stands in the editor, or what the node has. */
  against: Written;
  /** A measurement in a text was pointed at. */
  onShow: (link: Link) => void;
}

/** Beside the editor: it opened with one text, and here are the others. */
export function OtherTexts({ unsent, against, onShow }: Props) {
  const { t } = useTranslation();
  if (unsent.texts.length === 0) return null;
  return (
    <Note kind="warn" title={t('unsent.others', { n: unsent.texts.length })}>
      {t('unsent.others-explained')}
      <ul className={classes.list} aria-label={t('unsent.list')}>
        {unsent.texts.map((one) => (
          <Text
            key={one.name}
            one={one}
            against={against}
            onShow={onShow}
            writing
            onTake={unsent.take}
            onDiscard={unsent.discard}
          />
        ))}
      </ul>
    </Note>
  );
}

interface LostProps extends Props {
  task: TaskDetail;
  keeping: Keeping;
  busy: boolean;
  onClaim: (() => void) | null;
}

/** In place of the editor: who wrote here writes no more, and what the node did not get is still there. */
export function LostText({ unsent, against, onShow, task, keeping, busy, onClaim }: LostProps) {
  const { t } = useTranslation();
  const claim = claimOf(task);
  const why =
    task.state === 'final' || task.state === 'cancelled'
      ? t(`unsent.why.${task.state}`)
      : task.claimed_by && !task.mine
        ? t('unsent.why.other', { name: task.claimed_by_name ?? '' })
        : t('unsent.why.free');
  return (
    <Note kind="warn" title={t('unsent.lost')}>
      <p className={classes.why}>
        {why} {t(keeping === 'nowhere' ? 'unsent.kept-page' : 'unsent.kept-machine')}
      </p>
      {claim && onClaim && (
        <Button size="xs" onClick={onClaim} loading={busy}>
          {t('unsent.claim-again')}
        </Button>
      )}
      <ul className={classes.list} aria-label={t('unsent.list')}>
        {unsent.texts.map((one, index) => (
          <Text
            key={one.name}
            one={one}
            against={against}
            onShow={onShow}
            opened={index === 0}
            onDiscard={unsent.discard}
          />
        ))}
      </ul>
    </Note>
  );
}

interface TextProps {
  one: Waiting;
  against: Written;
  onShow: (link: Link) => void;
  /** There is an editor that it can be taken into. */
  writing?: boolean;
  opened?: boolean;
  onTake?: (one: Waiting) => void;
  onDiscard: (one: Waiting) => void;
}

type View = 'text' | 'differences' | null;

function Text({ one, against, onShow, writing = false, opened = false, onTake, onDiscard }: TextProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const [view, setView] = useState<View>(opened ? 'text' : null);
  const { written, at } = one.kept;
  const toggle = (wanted: View) => setView(view === wanted ? null : wanted);
  const link = classes.link ?? '';
  return (
    <li className={classes.one}>
      <p className={classes.head}>
        <time dateTime={new Date(at).toISOString()}>{format.moment(new Date(at).toISOString())}</time>
        {view === null && <span className={classes.start}>{beginning(written) || t('unsent.no-words')}</span>}
      </p>
      {view === 'text' && (
        <div className={classes.text}>
          <Reading report={written} onShow={onShow} />
        </div>
      )}
      {view === 'differences' && (
        <>
          <p className={classes.legend}>{t(writing ? 'unsent.legend-editor' : 'unsent.legend-node')}</p>
          <Differences before={against} after={written} />
        </>
      )}
      <Group gap={12} mt={4}>
        {onTake && (
          <Button size="compact-xs" onClick={() => onTake(one)}>
            {t('unsent.take')}
          </Button>
        )}
        <UnstyledButton className={link} aria-expanded={view === 'text'} onClick={() => toggle('text')}>
          {t('unsent.read')}
        </UnstyledButton>
        <UnstyledButton className={link} aria-expanded={view === 'differences'} onClick={() => toggle('differences')}>
          {t('unsent.compare')}
        </UnstyledButton>
        <Copy written={written} />
        <Discard onDiscard={() => onDiscard(one)} />
      </Group>
    </li>
  );
}

function Copy({ written }: { written: Written }) {
  const { t } = useTranslation();
  const [done, setDone] = useState<boolean | null>(null);
  const text = [
    ...SECTIONS.map((name) => [t(`report.${name}`), written[name]] as const),
    ...written.answers.map(({ question, answer }) => [question, answer] as const),
  ]
    .filter(([, words]) => words.trim())
    .map(([label, words]) => `${label}:\n${words}`)
    .join('\n\n');
  return (
    <>
      <UnstyledButton className={classes.link ?? ''} onClick={() => void copyText(text).then(setDone)}>
        {t('unsent.copy')}
      </UnstyledButton>
      <span role="status" className={classes.done} data-failed={done === false || undefined}>
        {done !== null && t(done ? 'unsent.copied' : 'unsent.not-copied')}
      </span>
    </>
  );
}

/** Asks once more: it is nowhere else. */
function Discard({ onDiscard }: { onDiscard: () => void }) {
  const { t } = useTranslation();
  const [asked, setAsked] = useState(false);
  if (!asked)
    return (
      <UnstyledButton className={classes.link ?? ''} onClick={() => setAsked(true)}>
        {t('unsent.discard')}
      </UnstyledButton>
    );
  return (
    <Group gap={6} role="group" aria-label={t('unsent.discard-sure')}>
      <span>{t('unsent.discard-sure')}</span>
      <Button size="compact-xs" color="red.8" onClick={onDiscard}>
        {t('unsent.discard-yes')}
      </Button>
      <Button size="compact-xs" variant="default" autoFocus onClick={() => setAsked(false)}>
        {t('unsent.discard-no')}
      </Button>
    </Group>
  );
}

const MOST = 90;

/** What tells one text from another at a glance: the conclusion, or whatever else there is. */
function beginning(written: Written): string {
  const texts = [written.conclusion, written.findings, ...SECTIONS.map((name) => written[name])];
  const words = (texts.find((text) => text.trim()) ?? '').trim().replace(/\s+/g, ' ');
  return words.length > MOST ? `…${words.slice(-MOST)}` : words;
}
