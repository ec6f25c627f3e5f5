/** Loads and keeps the marks of the study on the screen, and does what their keys ask for. Draws nothing but short words. */
import { useQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { StudyDetail } from '../api/types';
import i18n from '../i18n';
import { useSession } from '../session';
import { type Command, interceptKeys, useShortcuts } from '../viewport/shortcuts';
import { useViews } from '../viewport/views';
import classes from './MarkDesk.module.css';
import { MeasurementList } from './MeasurementList';
import { flushRooms, leaveRooms, type MarkRoom, roomOf } from './room';
import { useMarks, useRoom } from './useMarks';
import { actualSize, fitToFrame, flipVertically, rotateBack } from './viewing';
import { WindowValues } from './WindowValues';
import { spokenName } from './words';

const SHOWN_MS = 4_000;

export function MarkDesk({ study: detail }: { study: StudyDetail }) {
  const study = detail.study_instance_uid;
  const { role } = useSession();
  const sees = role === 'radiologist' || role === 'admin';
  const { active } = useViews();
  const [windowing, setWindowing] = useState(false);
  const [listing, setListing] = useState(false);
  const closeList = useCallback(() => setListing(false), []);
  const room = roomOf(study);
  // under the tasks' key: a claim, a signature or news from the node reads the marks again
  useQuery({
    queryKey: ['tasks', 'marks', study],
    queryFn: async () => {
      await room.store.load();
      return room.store.get().marks.length;
    },
    enabled: sees,
    refetchOnWindowFocus: 'always',
  });
  useLeaving();

  useShortcuts((command: Command) => {
    const shown = active && roomOf(active.getState().stack?.study ?? study);
    if (command.do === 'window-values') return setWindowing(active !== null && active.getState().shown >= 0);
    if (!active || !shown) return undefined;
    switch (command.do) {
      case 'fit':
        return fitToFrame(active);
      case 'actual-size':
        return actualSize(active);
      case 'flip-vertical':
        return flipVertically(active);
      case 'rotate-back':
        return rotateBack(active);
      case 'undo':
      case 'redo':
        return travel(shown, command.do);
      case 'delete':
        return remove(shown);
      case 'next-mark':
        return pick(1);
      case 'previous-mark':
        return pick(-1);
      case 'marks':
        return setListing(!listing);
      default:
        return undefined;
    }
  });

  return (
    <>
      <Said study={study} />
      {listing && <ListPanel study={detail} onClose={closeList} />}
      {windowing && active && <WindowValues view={active} onClose={() => setWindowing(false)} />}
    </>
  );
}

/** The list over the images, with the focus in it; Escape gives the keys back to the images. */
function ListPanel({ study, onClose }: { study: StudyDetail; onClose: () => void }) {
  const { t } = useTranslation();
  const panel = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const list = panel.current;
    (list?.querySelector<HTMLElement>('[data-entry]') ?? list?.querySelector<HTMLElement>('[data-mark-list]'))?.focus();
    return interceptKeys((event) => {
      const inside = event.target instanceof Node && list?.contains(event.target);
      if (!inside || event.key !== 'Escape' || event.target instanceof HTMLInputElement) return false;
      onClose();
      return true;
    });
  }, [onClose]);
  return (
    <div className={classes.anchor}>
      <div ref={panel} className={classes.list}>
        <button type="button" className={classes.close} aria-label={t('action.close')} onClick={onClose}>
          ×
        </button>
        <MeasurementList study={study} />
      </div>
    </div>
  );
}

/** Nothing is left behind when the page is left. */
function useLeaving(): void {
  useEffect(() => {
    const leave = () => flushRooms(true);
    const ask = (event: BeforeUnloadEvent) => {
      if (flushRooms(true)) event.preventDefault();
    };
    window.addEventListener('pagehide', leave);
    window.addEventListener('beforeunload', ask);
    return () => {
      leave();
      leaveRooms();
      window.removeEventListener('pagehide', leave);
      window.removeEventListener('beforeunload', ask);
    };
  }, []);
}

function travel(room: MarkRoom, way: 'undo' | 'redo'): void {
  const done = room.store[way]();
  if (!done) room.say(i18n.t('marks.said.nothing'));
  else room.say(i18n.t(way === 'undo' ? 'marks.said.undone' : 'marks.said.redone'));
}

function remove(room: MarkRoom): void {
  const mark = room.selected;
  if (!mark || !room.mayChange(mark)) return;
  room.remove(mark.id);
  room.say(i18n.t('marks.said.deleted', { what: spokenName(mark) }));
}

/** Moves the focus to the next mark on the images, or back. */
function pick(by: number): void {
  const all = [...document.querySelectorAll<HTMLElement>('button[data-mark]')];
  const at = all.findIndex((one) => one === document.activeElement || one.ariaPressed === 'true');
  all.at(at < 0 ? (by > 0 ? 0 : -1) : (at + by) % all.length)?.focus();
}

/** What was said: aloud, and where it matters on the screen. Whether all is kept, too. */
function Said({ study }: { study: string }) {
  const { t } = useTranslation();
  const { room, pending, offline, trouble, status } = useMarks(study);
  const { said } = useRoom(room);
  const [shown, setShown] = useState(0);
  useEffect(() => {
    if (!said.serial || said.quiet) return undefined;
    setShown(said.serial);
    const timer = setTimeout(() => setShown(0), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [said]);
  return (
    <div className={classes.anchor}>
      <div className={classes.words}>
        <span className="visually-hidden" role="status">
          {said.text}
        </span>
        {shown === said.serial && shown > 0 && <span className={classes.said}>{said.text}</span>}
        {status === 'failed' && <span className={classes.trouble}>{t('marks.failed')}</span>}
        {trouble && (
          <span className={classes.trouble} role="alert">
            {trouble.kind === 'conflict' ? t('marks.conflict') : t('marks.refused', { reason: trouble.detail })}
            <button type="button" onClick={() => room.store.calm()}>
              {t('action.close')}
            </button>
          </span>
        )}
        {offline && (
          <span className={classes.trouble} role="status">
            {t('marks.waiting', { n: pending })}
          </span>
        )}
      </div>
    </div>
  );
}
