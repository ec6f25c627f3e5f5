import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { pictureModalities } from '../api/pictures';
import type { StudyDetail } from '../api/types';
import { dicomDate, personName, useFormat } from '../i18n/format';
import { NoticeBell } from '../notices/NoticeBell';
import { IconBack } from '../ui/icons';
import classes from './ViewerHeader.module.css';

interface Props {
  back: string;
  backLabel: string;
  study: StudyDetail;
  description: string;
  children?: ReactNode;
}

/** One line above the images: back, whose study, what. */
export function ViewerHeader({ back, backLabel, study, description, children }: Props) {
  const format = useFormat();
  const person = [format.sex(study.sex), format.age(study.age)].filter(Boolean).join(', ');
  return (
    <header className={classes.header}>
      <Link to={back} className={classes.back}>
        <IconBack size={16} /> {backLabel}
      </Link>
      <h1 className={classes.title}>
        <b>{personName(study.patient_name)}</b>
        {person && <span>{person}</span>}
        <span>{pictureModalities(study.modalities)}</span>
        <span className={classes.description}>{description || study.description}</span>
        <span>{dicomDate(study.study_date)}</span>
      </h1>
      {children}
      <NoticeBell />
    </header>
  );
}
