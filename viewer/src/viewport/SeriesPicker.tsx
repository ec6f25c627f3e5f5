/** Chooses a series for the active cell by its number: typed, or with the arrows. */
import { Modal } from '@mantine/core';
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { seriesThumbnail } from '../api/display';
import type { Series, StudyDetail } from '../api/types';
import { dicomDate } from '../i18n/format';
import classes from './SeriesPicker.module.css';
import { framesIn, inReadingOrder, isDocument } from './series';

interface Props {
  opened: boolean;
  /** The current study first. */
  studies: readonly StudyDetail[];
  onChoose: (study: string, series: Series) => void;
  onClose: () => void;
}

/** Two digits typed within this time are one number. */
const TYPING_MS = 700;

export function SeriesPicker({ opened, studies, onChoose, onClose }: Props) {
  const { t } = useTranslation();
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t('layout.choose-series')}
      size="lg"
      returnFocus={false} // to a cell that had it before: that would become the active one
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      {opened && <Choices studies={studies} onChoose={onChoose} />}
    </Modal>
  );
}

function Choices({ studies, onChoose }: Pick<Props, 'studies' | 'onChoose'>) {
  const { t } = useTranslation();
  const choices = studies.flatMap((study, order) =>
    inReadingOrder(study.series).map((series) => ({ study, series, prior: order > 0 })),
  );
  const [at, setAt] = useState(0);
  const [typed, setTyped] = useState('');
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => list.current?.focus(), []);
  const choose = (index: number) => {
    const choice = choices[index];
    if (choice) onChoose(choice.study.study_instance_uid, choice.series);
  };
  const latest = useRef(choose);
  latest.current = choose;
  useEffect(() => {
    if (!typed) return undefined;
    const timer = setTimeout(() => {
      latest.current(Number(typed) - 1);
      setTyped('');
    }, TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed]);

  const onKey = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (step) setAt(Math.min(choices.length - 1, Math.max(0, at + step)));
    else if (event.key === 'Enter') choose(typed ? Number(typed) - 1 : at);
    else if (/^\d$/.test(event.key)) {
      const number = typed + event.key;
      // nothing longer begins with what was typed
      if (Number(number) * 10 > choices.length) choose(Number(number) - 1);
      else setTyped(number);
    } else return;
    event.preventDefault();
  };
  return (
    <div
      ref={list}
      className={classes.list}
      role="listbox"
      data-autofocus
      tabIndex={0}
      aria-label={t('layout.choose-series')}
      aria-activedescendant={`series-choice-${at}`}
      onKeyDown={onKey}
    >
      {choices.map(({ study, series, prior }, index) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the list has the keys
        <div
          key={series.series_instance_uid}
          id={`series-choice-${index}`}
          role="option"
          tabIndex={-1}
          aria-selected={index === at}
          className={classes.choice}
          data-prior={prior || undefined}
          onClick={() => choose(index)}
        >
          <kbd className={classes.number}>{index + 1}</kbd>
          {isDocument(series) ? (
            <span className={classes.picture} />
          ) : (
            <img
              className={classes.picture}
              src={seriesThumbnail(study.study_instance_uid, series.series_instance_uid)}
              alt=""
              loading="lazy"
            />
          )}
          <span className={classes.words}>
            <b>{series.description || t('view.no-description')}</b>
            <span>
              {series.modality} · {t('layout.images', { n: framesIn(series) })}
              {prior && ` · ${t('layout.prior')} ${dicomDate(study.study_date)}`}
            </span>
          </span>
        </div>
      ))}
    </div>
  );
}
