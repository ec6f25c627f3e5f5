import type { ReactNode } from 'react';
import classes from './StudyPage.module.css';

/** One part of a study's page. */
export function Section({ title, id, children }: { title: string; id?: string; children: ReactNode }) {
  return (
    <section className={classes.section} id={id}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}
